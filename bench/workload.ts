import { generateKeyPairSync } from 'node:crypto'
import { createOrgidAuth, type OrgidAuth, type OrgidAuthOptions } from 'orgid-bearer'

/** Partners such as a company has: of each three one is behind a gateway, told apart by its path. */
export interface Place {
  readonly did: string
  readonly origin: string
  readonly pathPrefix: string
}

export const issuer = `did:orgid:0x${'1'.repeat(64)}#webserver`
export const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

export function places(count: number): readonly Place[] {
  return Array.from({ length: count }, (_, index) => {
    const did = didOf(index)
    if (index % 3 > 0)
      return { did, origin: `https://api.partner-${index}.example`, pathPrefix: '' }
    const gateway = Math.floor(index / 9)
    return {
      did,
      origin: `https://gateway-${gateway}.example`,
      pathPrefix: `/v${((index / 3) % 3) + 1}`,
    }
  })
}

export function didOf(index: number): string {
  return `did:orgid:0x${index.toString(16).padStart(64, '0')}`
}

export function authFor(
  partners: readonly Place[],
  options: Partial<OrgidAuthOptions> = {},
): OrgidAuth {
  return createOrgidAuth({
    issuer,
    key: privateKey,
    partners: partners.map(({ did, origin, pathPrefix }, index) => ({
      name: `partner ${index}`,
      did,
      origin,
      ...(pathPrefix && { pathPrefix }),
    })),
    cache: { max: Math.max(10_000, partners.length) },
    ...options,
  })
}

let serial = 1_000_000

/** A URL that nobody has seen before, in one flat string, as parsers and string templates of some length make it. */
export function flatUrl({ origin, pathPrefix }: Place): string {
  return Buffer.from(concatenatedUrl({ origin, pathPrefix })).toString('latin1')
}

/** The same as V8 keeps a concatenation: in pieces, until somebody reads it. */
export function concatenatedUrl({ origin, pathPrefix }: Omit<Place, 'did'>): string {
  serial += 1
  return `${origin}${pathPrefix}/hotels/${serial}/offers?from=2027-05-01&nights=3`
}

/** Indexes in random order. */
export function randomIndexes(length: number, below: number): readonly number[] {
  return Array.from({ length }, () => Math.floor(Math.random() * below))
}
