import { generateKeyPairSync } from 'node:crypto'
import { readConfiguration } from '../configuration.js'
import { parseDid } from '../did.js'
import { OrgidAuthError } from '../errors.js'
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

/** One's own DID, with the name of the key. */
export function readIssuer(text: string): string {
  const { did, fragment } = parseDid(text, 'issuer')
  if (fragment !== undefined) return text
  throw new OrgidAuthError(
    'ERR_INVALID_DID',
    `issuer: expected a DID with the #fragment that is to name the key, got one without. Write ${did}#webserver`,
  )
}

/** A partner out of `name,did,origin`. */
export function partnerFrom(text: string): NewPartner {
  const [name, did, origin, ...more] = text.split(',').map((part) => part.trim())
  if (name && did && origin && more.length === 0) return checkPartner({ name, did, origin })
  throw usageError('--partner: expected name,did,origin with commas between, got something else')
}

/** Refuses what the library would refuse, and fills in what follows from the rest. */
export function checkPartner(partner: NewPartner): NewPartner {
  const { id, chain } = parseDid(partner.did, 'did')
  const isLoopback = /^http:\/\/(?:localhost|127(?:\.\d+){3}|\[::1\])(?::|\/|$)/i.test(
    partner.origin,
  )
  const checked = { ...partner, ...(isLoopback && { allowLoopbackHttp: true as const }) }
  const form = chain === undefined ? '' : `${chain}:`
  readConfiguration({ issuer: `did:orgid:${form}${id}#a`, partners: [checked], key: stranger() })
  return checked
}

/** A partner takes our DID in the form of its own: with the chain, or without. */
export function inItsForm(partner: NewPartner, issuer: string): NewPartner {
  const own = parseDid(issuer)
  const { chain } = parseDid(partner.did)
  if ((own.chain === undefined) === (chain === undefined)) return partner
  const form = chain === undefined ? '' : `${chain}:`
  return { ...partner, issuer: `did:orgid:${form}${own.id}#${own.fragment}` }
}
