import { type ParsedDid, parseDid } from '../did.js'
import { parseDuration } from '../duration.js'
import { describe, OrgidAuthError } from '../errors.js'
import { invalidOption, readBoolean, readOptions } from '../options.js'
import {
  type ExtraClaims,
  type MintRequest,
  readClaims,
  readScope,
  type ScopeFormat,
} from '../tokens/claims.js'
import { warnUnportable } from '../tokens/keyring.js'
import { readOrigin, readPathPrefix } from './origin.js'

/** A company whose API is called, and what its tokens must look like. */
export interface PartnerOptions {
  /** The partner's ORGiD, in the form and hex case it uses itself: the token's audience. */
  readonly did: string
  /** Where its API is: one or several https origins, such as `https://api.hotels.example`. */
  readonly origin: string | readonly string[]
  /** What to call it in code and in messages. Default: host and path prefix of the first origin. */
  readonly name?: string
  /**
   * Only URLs with this path, on segment boundaries; the longest prefix wins. It tells partners
   * behind one gateway apart, and is no security boundary.
   */
  readonly pathPrefix?: string
  /** Own DID and `#fragment` for this partner, when it needs another form. Default: the auth's issuer. */
  readonly issuer?: string
  /** Seconds, or a duration such as `'10 minutes'`. Default: the auth's lifetime. */
  readonly lifetime?: number | string
  /** Scope-tokens (RFC 6749 3.3). Default: none. */
  readonly scope?: string | readonly string[]
  /** How the scope is written into the token. Default: `'json-string'`. */
  readonly scopeFormat?: ScopeFormat
  /** Further claims. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Permits `http://localhost`, `127.0.0.0/8` and `[::1]` as origin. Default: false. */
  readonly allowLoopbackHttp?: boolean
  /** A token for each call, with a `jti`. Default: false. */
  readonly singleUse?: boolean
  /**
   * Repeats a call once, with another token, when the partner answers 401. Never one whose body is
   * a stream. With false the 401 is handed over, and only the next call gets another token; and a
   * new key that this partner has refused is not tried again before the one in use is retired.
   * Default: true.
   */
  readonly retryUnauthorized?: boolean
  /** Further DIDs that may be addressed at this origin (a gateway). */
  readonly audiences?: readonly string[]
}

/** A partner, checked. @internal */
export interface Partner {
  readonly name: string
  readonly did: string
  /** Canonical. */
  readonly origins: readonly string[]
  /** Canonical, `''` for every path. */
  readonly pathPrefix: string
  /** Own DID for this partner, without fragment. */
  readonly issuerDid: string
  /** The fragment that `issuer` gave, for an auth with a single `key`. */
  readonly issuerFragment: string | undefined
  readonly lifetime: number
  readonly scope: readonly string[] | undefined
  readonly scopeFormat: ScopeFormat
  readonly claims: ExtraClaims | undefined
  readonly singleUse: boolean
  readonly retryUnauthorized: boolean
  /** `did` and the further ones. */
  readonly audiences: ReadonlySet<string>
  /** What calls without options ask for, once there was one: the same object until another key signs. */
  plainRequest: MintRequest | undefined
}

/** What partners take over from the auth's own options. @internal */
export interface PartnerDefaults {
  readonly issuer: ParsedDid
  readonly lifetime: number
  /** `keys` was given: fragments come from the keys, and none stands in an issuer. */
  readonly fragmentFromKeys: boolean
}

const known = [
  'did',
  'origin',
  'name',
  'pathPrefix',
  'issuer',
  'lifetime',
  'scope',
  'scopeFormat',
  'claims',
  'allowLoopbackHttp',
  'singleUse',
  'retryUnauthorized',
  'audiences',
] as const satisfies readonly (keyof PartnerOptions)[]

/** Checks one partner's options; `where` names it in messages. @internal */
export function readPartner(
  input: PartnerOptions,
  where: string,
  defaults: PartnerDefaults,
): Partner {
  const options = readOptions<PartnerOptions>(input, known, where)
  const partner = parseDid(options.did, `${where}.did`)
  refuseFragment(partner, `${where}.did`)
  const issuer = readPartnerIssuer(options.issuer, `${where}.issuer`, defaults)
  if ((issuer.chain === undefined) !== (partner.chain === undefined)) {
    const source = options.issuer === undefined ? ` (${ofIssuer})` : ''
    throw formMismatch(`${where}.issuer`, issuer, partner, source)
  }
  const allowHttp = readBoolean(options.allowLoopbackHttp, `${where}.allowLoopbackHttp`, false)
  const origins = readOrigins(options.origin, `${where}.origin`, allowHttp)
  const pathPrefix = readPathPrefix(options.pathPrefix, `${where}.pathPrefix`)
  return {
    name:
      readName(options.name, `${where}.name`) ??
      `${new URL(origins[0] as string).host}${pathPrefix}`,
    did: partner.did,
    origins,
    pathPrefix,
    issuerDid: issuer.did,
    issuerFragment: options.issuer === undefined ? undefined : issuer.fragment,
    lifetime:
      options.lifetime === undefined
        ? defaults.lifetime
        : parseDuration(options.lifetime, `${where}.lifetime`),
    scope: options.scope === undefined ? undefined : readScope(options.scope, `${where}.scope`),
    scopeFormat: readScopeFormat(options.scopeFormat, `${where}.scopeFormat`),
    claims:
      options.claims === undefined ? undefined : readClaims(options.claims, `${where}.claims`),
    singleUse: readBoolean(options.singleUse, `${where}.singleUse`, false),
    retryUnauthorized: readBoolean(options.retryUnauthorized, `${where}.retryUnauthorized`, true),
    audiences: new Set([
      partner.did,
      ...readAudiences(options.audiences, `${where}.audiences`, partner),
    ]),
    plainRequest: undefined,
  }
}

/** Checks an own DID against how keys are given: its fragment names the key, or the keys do. @internal */
export function readIssuer(input: unknown, where: string, fragmentFromKeys: boolean): ParsedDid {
  const issuer = parseDid(input, where)
  if (fragmentFromKeys && issuer.fragment !== undefined) {
    throw invalidOption(
      where,
      'no #fragment, since keys[].id gives it',
      `one with #${issuer.fragment}`,
    )
  }
  if (!fragmentFromKeys && issuer.fragment === undefined) {
    throw invalidOption(
      where,
      'a DID with the #fragment that names the key in ORG.JSON',
      'one without',
      `If the key is registered as "webserver", write ${issuer.did}#webserver`,
    )
  }
  if (issuer.fragment !== undefined) warnUnportable(issuer.fragment)
  return issuer
}

function readPartnerIssuer(input: unknown, where: string, defaults: PartnerDefaults): ParsedDid {
  return input === undefined ? defaults.issuer : readIssuer(input, where, defaults.fragmentFromKeys)
}

/** Whose form it is that a partner without an issuer of its own does not take. @internal */
export const ofIssuer = 'that of issuer'

function formMismatch(
  where: string,
  issuer: ParsedDid,
  partner: ParsedDid,
  source = '',
): OrgidAuthError {
  const chain = partner.chain
  const remedy =
    chain === undefined
      ? `Give this partner an issuer without chain: did:orgid:${issuer.id}`
      : `Give this partner an issuer with chain, such as did:orgid:${chain}:${issuer.id}`
  return new OrgidAuthError(
    'ERR_DID_FORM_MISMATCH',
    `${where}: expected the form of the partner's did (${formOf(partner)}), got ${formOf(issuer)}${source}; a verifier takes one form for both. ${remedy}#<fragment>; or, if it is the partner's did that is wrong, write that in the form of yours`,
  )
}

const formOf = ({ chain }: ParsedDid) =>
  chain === undefined ? 'did:orgid:0x…' : `did:orgid:${chain}:0x…`

function refuseFragment({ fragment }: ParsedDid, where: string): void {
  if (fragment === undefined) return
  throw new OrgidAuthError(
    'ERR_INVALID_DID',
    `${where}: expected a DID without fragment (verifiers compare aud as a string), got one with #${fragment}; remove it`,
  )
}

function readOrigins(input: unknown, where: string, allowHttp: boolean): readonly string[] {
  const list: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (list.length === 0) throw invalidOption(where, 'at least one origin', 'an empty array')
  return list.map((origin, index) =>
    readOrigin(origin, Array.isArray(input) ? `${where}[${index}]` : where, allowHttp),
  )
}

function readAudiences(input: unknown, where: string, partner: ParsedDid): string[] {
  if (input === undefined) return []
  if (!Array.isArray(input)) throw invalidOption(where, 'an array of DIDs', describe(input))
  return input.map((item, index) => {
    const audience = parseDid(item, `${where}[${index}]`)
    refuseFragment(audience, `${where}[${index}]`)
    if ((audience.chain === undefined) !== (partner.chain === undefined)) {
      throw formMismatch(`${where}[${index}]`, audience, partner)
    }
    return audience.did
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is what it is for
const printable = /^[^\u0000-\u001f\u007f]{1,100}$/

function readName(input: unknown, where: string): string | undefined {
  if (input === undefined || (typeof input === 'string' && printable.test(input))) return input
  throw invalidOption(where, '1 to 100 printable characters', describe(input))
}

function readScopeFormat(input: unknown, where: string): ScopeFormat {
  if (input === undefined) return 'json-string'
  if (input === 'json-string' || input === 'space' || input === 'array') return input
  throw invalidOption(where, "'json-string', 'space' or 'array'", describe(input))
}

/** Whether what was learnt of one holds for the other: the same organisation, at the same servers. @internal */
export function isSamePartner(one: Partner, other: Partner | undefined): boolean {
  return one.did === other?.did && one.origins.some((origin) => other.origins.includes(origin))
}
