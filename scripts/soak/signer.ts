import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { localSigner, type Signer } from 'orgid-bearer'

/** How the signer takes a token's turn. */
export type Manner = 'at once' | 'later' | 'throws' | 'rejects' | 'hangs' | 'rejects late'

/** One signature that was asked for. */
interface Signing {
  readonly manner: Manner
  /** Epoch seconds, of the true time. */
  readonly at: number
  /** On what server the token was seen first. */
  seenBy: string | undefined
  /** How often it was seen. */
  uses: number
}

/** Stands in for a key service with moods, and keeps books on what it has signed. */
export interface MoodySigner extends Signer {
  /** How to sign tokens whose claim `soak` is this; others are signed at once. */
  setManner(label: string, manner: Manner): void
  /** What was asked for with this label, in order; also what failed. */
  signingsOf(label: string): readonly Signing[]
  /** The signing that a token came of, if it is one of this signer's. */
  signingOf(token: string): Signing | undefined
  /** What `later` and `rejects late` wait for, with this label, instead of some milliseconds. */
  onSigning(label: string, wait: () => Promise<void>): void
  readonly count: number
  /** Forgets labels, and signatures from before this moment (epoch seconds). */
  forget(before: number): void
}

/** Milliseconds: long enough for an abort to come in between. */
const later = 15

export function moodySigner(pem: string): MoodySigner {
  const local = localSigner(pem)
  const manners = new Map<string, Manner>()
  const waits = new Map<string, () => Promise<void>>()
  const byLabel = new Map<string, Signing[]>()
  const byToken = new Map<string, Signing>()
  let count = 0

  const sign: Signer['sign'] = (bytes, context) => {
    const input = Buffer.from(bytes).toString()
    const claims = JSON.parse(Buffer.from(input.split('.')[1] ?? '', 'base64url').toString())
    const label: string | undefined = claims.soak
    const manner = (label !== undefined && manners.get(label)) || 'at once'
    const signing: Signing = { manner, at: Date.now() / 1_000, seenBy: undefined, uses: 0 }
    count += 1
    byToken.set(digest(input), signing)
    if (label !== undefined) {
      byLabel.set(label, [...(byLabel.get(label) ?? []), signing])
    }
    const wait = (label !== undefined && waits.get(label)) || (() => sleep(later))
    switch (manner) {
      case 'at once':
        return local.sign(bytes, context)
      case 'later':
        return wait().then(() => local.sign(bytes, context))
      case 'throws':
        throw new Error('soak: the key service is not there')
      case 'rejects':
        return Promise.reject(new Error('soak: the key service refuses'))
      case 'rejects late':
        return wait().then(() => {
          throw new Error('soak: the key service refuses, after a while')
        })
      case 'hangs':
        return new Promise(() => {})
    }
  }

  return {
    alg: 'ES256K',
    publicKey: local.publicKey,
    sign,
    setManner: (label, manner) => manners.set(label, manner),
    signingsOf: (label) => byLabel.get(label) ?? [],
    signingOf: (token) => byToken.get(digest(token.slice(0, token.lastIndexOf('.')))),
    onSigning: (label, wait) => waits.set(label, wait),
    get count() {
      return count
    },
    forget(before) {
      for (const map of [manners, waits, byLabel]) map.clear()
      for (const [key, { at }] of byToken) if (at < before) byToken.delete(key)
    },
  }
}

/** Books hold no token, and not even what was signed. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
