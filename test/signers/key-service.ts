import type { KeyObject } from 'node:crypto'
import * as secp256k1 from '@noble/secp256k1'
import type { RemoteSignerOptions } from 'orgid-bearer/signers/remote'
import { localSigner } from '../../src/signers/local.js'
import type { Signer } from '../../src/signers/signer.js'

/** What can go wrong in a service that signs. */
export type Fault =
  | 'throttled'
  | 'reset'
  | 'failing'
  | 'disabled'
  | 'hanging'
  | 'high s'
  | 'another key'
  | 'nothing'
  | 'truncated'

/** A stub of a service: it speaks that one's protocol to its real client, over a real socket. */
export interface StubService {
  readonly service: KeyService
  /** With the real client. */
  signer(options?: RemoteSignerOptions): Promise<Signer>
  close(): Promise<void>
}

/** The part of such a service that is not its protocol. */
export interface KeyService {
  readonly publicKey: KeyObject
  /** DER or r || s, as the service is documented to return it. */
  sign(digest: Uint8Array, fault: Fault | undefined): Buffer
  /** What befalls the coming requests for signatures, one each. */
  readonly faults: Fault[]
  /** What befalls those after them. */
  always: Fault | undefined
  /** Requests for signatures so far. */
  readonly requests: number
  /** Of those, the ones that are under way. */
  readonly atOnce: number
  /** The most of them at once. */
  readonly mostAtOnce: number
  /** Milliseconds until one is answered. */
  delay: number
  /** A request for a signature comes in; waits, and tells what is to befall it. */
  receive(): Promise<Fault | undefined>
  /** It was answered, or its caller has gone. */
  answered(): void
}

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export function createKeyService(format: 'DER' | 'r || s'): KeyService {
  const scalars = [secp256k1.utils.randomSecretKey(), secp256k1.utils.randomSecretKey()] as const
  const signer = localSigner(Buffer.from(scalars[0]).toString('hex'), { backend: 'noble' })
  // also gives noble its hashes
  signer.sign(new Uint8Array(), {})
  let requests = 0
  let atOnce = 0
  let mostAtOnce = 0

  return {
    publicKey: signer.publicKey as KeyObject,
    faults: [],
    always: undefined,
    delay: 0,
    get requests() {
      return requests
    },
    get atOnce() {
      return atOnce
    },
    get mostAtOnce() {
      return mostAtOnce
    },
    async receive() {
      requests += 1
      atOnce += 1
      mostAtOnce = Math.max(mostAtOnce, atOnce)
      const fault = this.faults.shift() ?? this.always
      if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay))
      return fault
    },
    answered() {
      atOnce -= 1
    },
    sign(digest, fault) {
      const scalar = scalars[fault === 'another key' ? 1 : 0]
      const low = secp256k1.sign(digest, scalar, { prehash: false })
      const s = BigInt(`0x${Buffer.from(low.subarray(32)).toString('hex')}`)
      const high = (order - s).toString(16).padStart(64, '0')
      const raw = Buffer.from(low)
      if (fault === 'high s') raw.write(high, 32, 'hex')
      const signature = format === 'DER' ? toDer(raw) : raw
      if (fault === 'nothing') return Buffer.of()
      return fault === 'truncated' ? signature.subarray(0, -3) : signature
    },
  }
}

/** ECDSA-Sig-Value (RFC 3279 2.2.3). */
export function toDer(raw: Uint8Array): Buffer {
  const integer = (part: Uint8Array) => {
    const magnitude = Buffer.from(part.subarray(part.findIndex((byte) => byte !== 0)))
    const bytes =
      (magnitude[0] as number) < 0x80 ? magnitude : Buffer.concat([Buffer.of(0), magnitude])
    return Buffer.concat([Buffer.of(0x02, bytes.length), bytes])
  }
  const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))])
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}
