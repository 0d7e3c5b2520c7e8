import { generateKeyPairSync } from 'node:crypto'
import { readConfiguration } from '../configuration.js'
import { isPortableFragment, parseDid } from '../did.js'
import { isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { quoteName } from '../options.js'
import type { Partner } from '../partners/partner.js'
import { createRegistry } from '../partners/registry.js'
import { localSigner } from '../signers/local.js'
import type { Signer } from '../signers/signer.js'
import { usageError } from './io.js'

/** A partner, as it is written into the configuration. */
export interface NewPartner {
  readonly name: string
  readonly did: string
  readonly origin: string
  readonly issuer?: string
  readonly allowLoopbackHttp?: true
}

/** What `init` has to be told. */
export interface Answers {
  readonly issuer: string
  readonly partners: readonly NewPartner[]
}

/** A key that signs nothing, where the library's checks want one. */
export function stranger(): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return localSigner(privateKey, { backend: 'openssl' })
}

/**
 * One's own DID, with the name of the key.
 *
 * @param hasKey the key is there already, and may have a name that cannot be chosen any more.
 */
export function readIssuer(text: string, hasKey: boolean): string {
  const { did, fragment } = parseDid(text, 'issuer')
  if (fragment === undefined) {
    throw new OrgidAuthError(
      'ERR_INVALID_DID',
      `issuer: expected a DID with the #fragment that is to name the key, got one without. Write ${did}#webserver`,
    )
  }
  if (hasKey || isPortableFragment(fragment)) return text
  const portable = fragment.replace(/[^0-9A-Za-z]/g, '') || 'webserver'
  throw new OrgidAuthError(
    'ERR_INVALID_DID',
    `issuer: expected a #fragment of letters and digits, which every partner takes, got #${fragment}, which some refuse. Write ${did}#${portable}; or, if a key is registered as #${fragment} already, give that key with --key`,
  )
}

/** A partner out of `name,did,origin`. */
export function partnerFrom(text: string): NewPartner {
  const [name, did, origin, ...more] = text.split(',').map((part) => part.trim())
  if (name && did && origin && more.length === 0) {
    return checking(`--partner ${quoteName(name)}: `, () => checkPartner({ name, did, origin }))
  }
  throw usageError('--partner: expected name,did,origin with commas between, got something else')
}

/** Refuses a name that the library would refuse, or that another partner has. */
export function readPartnerName(name: string, others: readonly NewPartner[]): string {
  if (others.some((other) => other.name === name)) {
    const names = others.map((other) => other.name).join(', ')
    throw new OrgidAuthError(
      'ERR_DUPLICATE_PARTNER',
      `name: expected another one than those before (${names}), got one of them`,
    )
  }
  checkPartner({ name, did: `did:orgid:0x${'0'.repeat(64)}`, origin: 'https://partner.invalid' })
  return name
}

/** Refuses what the library would refuse, and fills in what follows from the rest. */
export function checkPartner(partner: NewPartner, others: readonly NewPartner[] = []): NewPartner {
  const isLoopback = /^http:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?::|\/|$)/i.test(
    partner.origin,
  )
  const checked = { ...partner, ...(isLoopback && { allowLoopbackHttp: true as const }) }
  createRegistry([...others, checked].flatMap(asTheLibrarySees))
  return checked
}

function asTheLibrarySees(partner: NewPartner): readonly Partner[] {
  const { id, chain } = parseDid(partner.did, 'did')
  const form = chain === undefined ? '' : `${chain}:`
  const issuer = `did:orgid:${form}${id}#a`
  return checking(
    '',
    () => readConfiguration({ issuer, partners: [partner], key: stranger() }).partners,
  )
}

/** There is one partner at a time, and it is not in a configuration yet. */
function checking<T>(where: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!isOrgidAuthError(error)) throw error
    throw new OrgidAuthError(error.code, `${where}${error.message.replace(/^partners\[0\]\./, '')}`)
  }
}

/** A partner takes our DID in the form of its own: with the chain, or without. */
export function inItsForm(partner: NewPartner, issuer: string): NewPartner {
  const own = parseDid(issuer)
  const { chain } = parseDid(partner.did)
  if ((own.chain === undefined) === (chain === undefined)) return partner
  const form = chain === undefined ? '' : `${chain}:`
  return { ...partner, issuer: `did:orgid:${form}${own.id}#${own.fragment}` }
}
