import { describe, OrgidAuthError } from './errors.js'

/** An ORGiD taken apart. `did` never carries the fragment. */
export interface ParsedDid {
  /** The DID as written, without fragment: hex case is kept, since partners compare strings. */
  readonly did: string
  /** Decimal chain id, when the DID has the chain form `did:orgid:<chain>:0x…`. */
  readonly chain?: string
  /** The 32-byte identifier, `0x` and 64 hex digits. */
  readonly id: string
  /** What follows `#`: the name of a key in the organisation's ORG.JSON. */
  readonly fragment?: string
}

// DID Core 3.2.2 takes a fragment from RFC 3986 3.5: pchar / "/" / "?"
const fragmentChars = String.raw`(?:[0-9A-Za-z\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})+`
const fragmentOnly = new RegExp(`^${fragmentChars}$`)
const didUrl = new RegExp(`^(did:orgid:(?:([0-9]+):)?(0x[0-9a-fA-F]{64}))(?:#(${fragmentChars}))?$`)
const idLength = 64
const portableFragment = /^[0-9A-Za-z]+$/

/**
 * Takes an ORGiD apart: `did:orgid:0x…` or `did:orgid:<chain>:0x…`, with or without `#fragment`.
 *
 * @param text what to parse.
 * @param where the option's name, for the error message.
 * @throws OrgidAuthError `ERR_INVALID_DID`
 */
export function parseDid(text: unknown, where = 'did'): ParsedDid {
  const match = typeof text === 'string' ? didUrl.exec(text) : null
  if (!match) throw new OrgidAuthError('ERR_INVALID_DID', `${where}: ${whyNotDid(text)}`)
  const [, did, chain, id, fragment] = match as unknown as [
    string,
    string,
    string?,
    string?,
    string?,
  ]
  return {
    did,
    id: id as string,
    ...(chain !== undefined && { chain }),
    ...(fragment !== undefined && { fragment }),
  }
}

/** Whether `text` can stand behind the `#` of a DID. */
export function isFragment(text: string): boolean {
  return fragmentOnly.test(text)
}

/**
 * Whether every known verifier can look a key up under this fragment. `key-1` fails in the older
 * verifiers, `key_1` and `key.1` in the current one.
 */
export function isPortableFragment(fragment: string): boolean {
  return portableFragment.test(fragment)
}

function whyNotDid(text: unknown): string {
  const expected =
    'expected an ORGiD such as did:orgid:0x<64 hex digits> or did:orgid:<chain>:0x<64 hex digits>'
  if (typeof text !== 'string') return `${expected}, got ${describe(text)}`
  const digits = /0[xX]([0-9a-zA-Z]*)/.exec(text)?.[1]
  if (digits?.length === 40) {
    return `${expected}, got 40 hex digits: that is a 20-byte Ethereum address. An ORGiD is 32 bytes; use the organisation's ORGiD, not its owner's address`
  }
  if (/\s/.test(text)) return `${expected}, got one with white space in it; remove it`
  if (text.startsWith('0x')) return `${expected}, got a bare identifier; put did:orgid: before it`
  if (!text.startsWith('did:orgid:'))
    return `${expected}, got ${describe(text)} that does not start with did:orgid:`
  if (text.includes('0X')) return `${expected}, got one with 0X; write 0x`
  if (/:[0-9a-fA-F]{64}(?:#|$)/.test(text))
    return `${expected}, got one without 0x before its digits`
  return `${expected}, got ${whyNotId(digits) ?? `${describe(text)} of another form`}`
}

/** What is wrong with the digits after `0x`, if it is they. */
function whyNotId(digits: string | undefined): string | undefined {
  if (digits === undefined) return undefined
  const { length } = digits
  const difference = Math.abs(length - idLength)
  const count = `${length} digits after 0x, ${difference} too ${length < idLength ? 'few' : 'many'}`
  const at = digits.search(/[^0-9a-fA-F]/)
  if (at < 0) return length === idLength ? undefined : count
  const place = `character ${at + 1} after 0x is no hex digit (0 to 9, a to f)`
  return length === idLength ? `one whose ${place}` : `${count}, and ${place}`
}

/** A DID by the ends of its digits, which are enough for a reader to tell DIDs apart. @internal */
export function shortDid(did: string): string {
  return did.replace(/(0x.{4}).{56}(.{4})/, '$1…$2')
}
