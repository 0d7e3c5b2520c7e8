import { generateKeyPairSync } from 'node:crypto'
import { isOrgidAuthError, type OrgidAuthError } from '../src/errors.js'

/** A promise and what settles it (`Promise.withResolvers` came with Node 22). */
export function gate<T = void>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** A DID of 32 bytes that are easy to tell apart. */
export const did = (digit: string) => `did:orgid:0x${digit.repeat(64)}`

/** A new secp256k1 key, as PEM and as its public half. */
export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  return { pem: privateKey.export({ format: 'pem', type: 'sec1' }) as string, publicKey }
}

/** Header and claims of a JWT, or of a whole Authorization header. */
export function decode(token: string) {
  const [header, claims] = token.replace(/^Bearer /, '').split('.')
  const read = (part: string | undefined) =>
    JSON.parse(Buffer.from(part as string, 'base64url').toString()) as Record<string, unknown>
  return { header: read(header), claims: read(claims) }
}

/** Lets everything happen that is due behind the calls made so far. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** The error with which this library refuses; any other error is thrown on. */
export function refusal(fn: () => unknown): OrgidAuthError {
  try {
    fn()
  } catch (error) {
    if (isOrgidAuthError(error)) return error
    throw error
  }
  throw new Error('expected a refusal')
}

/** The same, of an answer that is waited for. */
export async function laterRefusal(answer: unknown): Promise<OrgidAuthError> {
  try {
    await answer
  } catch (error) {
    if (isOrgidAuthError(error)) return error
    throw error
  }
  throw new Error('expected a refusal')
}

/** The code of that error. */
export const codeOf = (fn: () => unknown) => refusal(fn).code
