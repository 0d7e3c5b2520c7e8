import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'

// Every token of the corpus is put together here by hand, so that this project's own minting is
// not its own judge.

/** The private key of a small number, so that a run can be repeated. */
function testKey(scalar: number, curve: 'secp256k1' | 'P-256' = 'secp256k1'): KeyObject {
  const d = Buffer.alloc(32)
  d.writeUInt32BE(scalar, 28)
  const ecdh = createECDH(curve === 'P-256' ? 'prime256v1' : curve)
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((b) => b.toString('base64url'))
  const key = { kty: 'EC', crv: curve, d: d.toString('base64url'), x, y } as JsonWebKey
  return createPrivateKey({ format: 'jwk', key })
}

export const callerKey = testKey(1001)
export const otherKey = testKey(1002)
export const p256Key = testKey(1003, 'P-256')

/** The SPKI of a key's public half, as bare base64. */
export function spki(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')
}

export interface TokenParts {
  /** Text is taken as it is. Default: what every known verifier accepts. */
  readonly header?: object | string
  readonly claims: object | string
  readonly key?: KeyObject
  readonly dsaEncoding?: 'ieee-p1363' | 'der'
  /** Replaces the signature. */
  readonly tamper?: (signature: Buffer) => Buffer
}

export function signToken({
  header = { alg: 'ES256K', typ: 'JWT' },
  claims,
  key = callerKey,
  dsaEncoding = 'ieee-p1363',
  tamper = (signature) => signature,
}: TokenParts): string {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = tamper(sign('sha256', Buffer.from(input), { key, dsaEncoding }))
  return `${input}.${signature.toString('base64url')}`
}

export function encode(part: object | string): string {
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
}

// SEC 2, 2.4.1
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** Whichever of a signature and its twin (r, n - s) has its S in that half. */
export function withS(half: 'low' | 'high'): (signature: Buffer) => Buffer {
  return (signature) => {
    const s = BigInt(`0x${signature.toString('hex', 32)}`)
    if (s <= order / 2n === (half === 'low')) return signature
    const twin = (order - s).toString(16).padStart(64, '0')
    return Buffer.concat([signature.subarray(0, 32), Buffer.from(twin, 'hex')])
  }
}
