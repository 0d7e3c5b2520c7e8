import { setTimeout as sleep } from 'node:timers/promises'
import { localSigner, type Signer } from 'orgid-bearer'

/** One signature that was asked for. Times are epoch seconds. */
export interface Signature {
  /** What was signed: the token without its signature. */
  readonly input: string
  readonly audience: unknown
  readonly startedAt: number
  /** Undefined as long as it is being made. */
  finishedAt: number | undefined
}

export interface RecordingSigner extends Signer {
  readonly signatures: readonly Signature[]
}

/** As far away as a key service often is: long enough for calls to arrive while it signs. */
export const signingMs = 60

/** Stands in for a key service: it takes its time, and keeps a record of what it signed. */
export function recordingSigner(pem: string): RecordingSigner {
  const local = localSigner(pem)
  const signatures: Signature[] = []
  return {
    alg: 'ES256K',
    publicKey: local.publicKey,
    signatures,
    async sign(bytes, context) {
      const input = Buffer.from(bytes).toString()
      const claims = JSON.parse(Buffer.from(input.split('.')[1] ?? '', 'base64url').toString())
      const signature: Signature = {
        input,
        audience: claims.aud,
        startedAt: Date.now() / 1_000,
        finishedAt: undefined,
      }
      signatures.push(signature)
      await sleep(signingMs)
      const bytesSigned = await local.sign(bytes, context)
      signature.finishedAt = Date.now() / 1_000
      return bytesSigned
    },
  }
}
