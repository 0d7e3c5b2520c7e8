import { type OrgidAuthOptions, readConfiguration, readPartners } from './configuration.js'
import {
  ambientOptions,
  type CallOptions,
  createCallContext,
  mergeOptions,
  nestedIn,
} from './context.js'
import { describe, isOrgidAuthError, OrgidAuthError, type OrgidErrorCode } from './errors.js'
import {
  type AuthInternals,
  type InvalidateOptions,
  internals,
  type OrgidAuth,
} from './interface.js'
import { invalidOption, readOptions } from './options.js'
import { readCallOptions } from './partners/call.js'
import { parseUrl } from './partners/origin.js'
import type { Partner } from './partners/partner.js'
import { createRegistry } from './partners/registry.js'
import { createRequests } from './partners/requests.js'
import { statusAt } from './status.js'
import { mintAhead } from './tokens/ahead.js'
import { createTokenCache } from './tokens/cache.js'
import { systemClock } from './tokens/clock.js'
import { createCredit } from './tokens/credit.js'
import { createKeyring, readKey } from './tokens/keyring.js'
import { createMinter, type TokenSource } from './tokens/minter.js'
import { createClockOffsets } from './tokens/offsets.js'
import { Token } from './tokens/token.js'
import { createReplacement } from './unauthorized.js'

/**
 * Configures once, in app bootstrap, what every outgoing call needs. All options are checked here.
 *
 * @throws OrgidAuthError naming the option: `ERR_INVALID_OPTION`, `ERR_INVALID_DID`,
 *   `ERR_DID_FORM_MISMATCH`, `ERR_INVALID_ORIGIN`, `ERR_DUPLICATE_PARTNER`, `ERR_INVALID_DURATION`,
 *   `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`, `ERR_RESERVED_CLAIM`; and of the key
 *   `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`, `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`, `ERR_KEY_RANGE`,
 *   `ERR_KEY_MISMATCH`.
 *
 * @example
 * ```ts
 * const auth = createOrgidAuth({
 *   issuer: 'did:orgid:0x…#webserver',
 *   key: process.env.ORGID_PRIVATE_KEY,
 *   partners: [{ name: 'hotels', did: 'did:orgid:0x…', origin: 'https://api.hotels.example' }],
 * })
 * ```
 */
export function createOrgidAuth(input: OrgidAuthOptions): OrgidAuth {
  const configuration = readConfiguration(input)
  const { initialKeyId, strict } = configuration
  const clock = systemClock(configuration.now)
  const random = Math.random
  const keyring = createKeyring(configuration.keys)
  const context = createCallContext()
  const lastErrors = new Map<string, { code: OrgidErrorCode; at: number }>()
  let registry = createRegistry(configuration.partners)

  const offsets = createClockOffsets(clock)
  const minter = createMinter({ ...configuration, keyring, clock, random, offsets })
  // A mint is shared: it must end with no call of its own, nor with the request that came first
  const source: TokenSource = {
    get: (request, previous) => context.outside(() => minter.get(request, previous)),
  }
  const cache = createTokenCache(source, {
    clock,
    random,
    max: configuration.max,
    onMint: ({ partner }, error, at) => {
      if (isOrgidAuthError(error)) lastErrors.set(partner, { code: error.code, at })
      else if (lastErrors.size > 0) lastErrors.delete(partner)
    },
  })

  const requests = createRequests(keyring, clock, initialKeyId)

  const obtain = (partner: Partner, options: CallOptions | undefined): Token | Promise<Token> => {
    options?.signal?.throwIfAborted()
    return cache.get(requests(partner, options), options)
  }

  /** Explicit options over those around the call. */
  const withAmbient = (partner: Partner, explicit: CallOptions | undefined) => {
    const ambient = context.current()
    if (ambient === undefined) return explicit
    return mergeOptions(
      ambientOptions(ambient, (meant) => isCalled(partner, meant)),
      explicit,
    )
  }

  const authorization: OrgidAuth['authorization'] = (url, input) => {
    const explicit = input === undefined ? undefined : readCallOptions(input)
    const href = typeof url === 'string' ? url : hrefOf(url)
    const partner = registry.match(href)
    if (partner === undefined) return refuseStranger(href, explicit)
    if (explicit?.partner !== undefined && !isCalled(partner, explicit.partner)) {
      throw mismatch(explicit.partner, `${partner.name}'s`)
    }
    const options = withAmbient(partner, explicit)
    if (options?.skip) return undefined
    const token = obtain(partner, options)
    if (!(token instanceof Promise)) return Token.authorization(token)
    // While it was waited for the URL may have become another partner's, or nobody's
    return token.then((value) =>
      registry.match(href) === partner ? Token.authorization(value) : authorization(url, input),
    )
  }

  const refuseStranger = (url: string, explicit: CallOptions | undefined): undefined => {
    if (explicit?.skip) return undefined
    if (explicit?.partner !== undefined) throw mismatch(explicit.partner, 'nobody’s')
    if (!strict || context.current()?.general.skip) return undefined
    const where = parseUrl(url)?.origin ?? 'what is no absolute URL'
    throw new OrgidAuthError(
      'ERR_UNKNOWN_PARTNER',
      `url: expected a partner's, since strict is set, got ${where}. Add it to partners, or pass skip: true for this call`,
    )
  }

  const named = (name: string, where: string): Partner => {
    const partner = registry.find(name)
    if (partner !== undefined) return partner
    throw new OrgidAuthError(
      'ERR_UNKNOWN_PARTNER',
      `${where}: expected the name or DID of a partner (${registry
        .list()
        .map((other) => other.name)
        .join(', ')}), got ${describe(name)} that is none's`,
    )
  }

  const prepare = () => {
    const partners = registry.list().filter(({ singleUse }) => !singleUse)
    return mintAhead(
      partners.map((partner) => () => obtain(partner, undefined)),
      clock,
    )
  }

  const invalidate: OrgidAuth['invalidate'] = (what = {}) => {
    const {
      partner: name,
      keyId,
      token,
    } = readOptions<InvalidateOptions>(what, ['partner', 'keyId', 'token'], 'invalidate')
    const partner = name === undefined ? undefined : named(name, 'invalidate.partner').name
    if (keyId !== undefined && partner === undefined && token === undefined)
      keyring.retire(keyId, clock.now())
    cache.invalidate(
      (request, cached) =>
        (partner === undefined || request.partner === partner) &&
        (keyId === undefined || request.keyId === keyId) &&
        (token === undefined || cached?.value === token),
    )
  }

  const replaced = createReplacement({
    partnerOf: (url) => registry.match(url),
    optionsFor: withAmbient,
    requests,
    cache,
    offsets,
    credit: createCredit(clock, configuration.max),
  })

  const auth: OrgidAuth = {
    authorization,
    token: async (name, input) => {
      const explicit = input === undefined ? undefined : readCallOptions(input)
      const partner = named(name, 'partner')
      if (explicit?.partner !== undefined && !isCalled(partner, explicit.partner)) {
        throw mismatch(explicit.partner, `${partner.name}'s`)
      }
      return obtain(partner, withAmbient(partner, explicit))
    },
    prepare,
    invalidate,
    addKey: (key) => keyring.add(readKey(key, 'addKey', clock.now())),
    setPartners: (partners) => {
      registry = createRegistry(readPartners(partners, configuration.defaults))
    },
    run: (options, fn) => {
      const inner = readCallOptions(options)
      if (inner.partner !== undefined) named(inner.partner, 'options.partner')
      return context.run(nestedIn(context.current(), inner), fn)
    },
    status: () =>
      statusAt(clock.now(), { partners: registry.list(), keyring, cache, offsets, lastErrors }),
  }
  const shared: AuthInternals = {
    context,
    partnerOf: (url) => registry.match(url),
    ownsOrigin: (partner) => registry.ownsOrigin(partner),
    now: () => clock.now(),
    replaced,
  }
  Object.defineProperty(auth, internals, { value: Object.freeze(shared) })
  return Object.freeze(auth)
}

/** Whether a partner goes by this name or DID. */
function isCalled(partner: Partner, nameOrDid: string): boolean {
  return partner.name === nameOrDid || partner.did === nameOrDid
}

function hrefOf(url: unknown): string {
  if (url instanceof URL) return url.href
  throw invalidOption('url', 'a string or a URL', describe(url))
}

function mismatch(meantFor: string, owner: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_PARTNER_MISMATCH',
    `options.partner: expected the partner of the final URL, got another (${describe(meantFor)}), while the URL is ${owner}. A token goes where its partner is, and nowhere else`,
  )
}
