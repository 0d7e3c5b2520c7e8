import { generateKeyPairSync } from 'node:crypto'
import { createOrgidAuth, type OrgidAuth, type PartnerOptions } from '../../../src/index.js'

const keys = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

/** The key of the company that the pictures are about. */
export const { publicKey } = keys

/** 2026-01-01, as in the README. */
export const moment = 1_767_225_600

/** An ORGiD of one repeated byte. */
export const orgid = (byte: string): string => `did:orgid:0x${byte.repeat(32)}`

/** Text in which ORGiDs are as short as a picture has room for. */
export const shortened = (words: string): string =>
  words.replace(/0x([0-9a-f]{4})[0-9a-f]{56}([0-9a-f]{4})/g, '0x$1…$2')

export function picturedAuth(partners: readonly PartnerOptions[]): OrgidAuth {
  const issuer = `${orgid('12')}#webserver`
  return createOrgidAuth({ issuer, key: keys.privateKey, partners, now: () => moment })
}
