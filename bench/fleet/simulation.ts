import { generateKeyPairSync } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createOrgidAuth, localSigner, type Signer, type TokenStore } from 'orgid-bearer'
import type { Fleet } from './model.js'

/** A fleet, and how it behaves where the library leaves no choice. */
export interface Simulated extends Fleet {
  /** `false`: all tokens are fresh for the same part of their lives. The library always spreads. */
  readonly jitter: boolean
  /** Seconds to simulate. */
  readonly duration: number
}

/** What a fleet did. */
export interface Outcome {
  /** When each signature was made, in seconds from the start. */
  readonly signatures: readonly number[]
  readonly calls: number
}

const step = 1

/**
 * Runs a fleet in simulated time: the library itself, with its real cache, store and signatures,
 * in as many auths as the fleet has processes. All of them start at once, with nothing cached.
 */
export async function simulate(fleet: Simulated): Promise<Outcome> {
  const { processes, partners, lifetime, interval, duration } = fleet
  let elapsed = 0
  const start = 1_800_000_000
  const now = () => start + elapsed
  const signatures: number[] = []
  const signer = counting(() => signatures.push(elapsed))
  const store = fleet.shared ? memoryStore(now) : undefined
  const names = Array.from({ length: partners }, (_, index) => `partner${index}`)

  const auths = spreading(fleet.jitter, () =>
    Array.from({ length: processes }, () =>
      createOrgidAuth({
        issuer: `did:orgid:0x${'1'.repeat(64)}#webserver`,
        key: signer,
        lifetime,
        now,
        ...(store && { store }),
        partners: names.map((name, index) => ({
          name,
          did: `did:orgid:0x${(index + 2).toString(16).padStart(64, '0')}`,
          origin: `https://${name}.example`,
        })),
      }),
    ),
  )
  const callers = auths.flatMap((auth) =>
    names.map((name) => ({
      auth,
      url: `https://${name}.example/`,
      next: Math.random() * interval,
    })),
  )

  let calls = 0
  for (; elapsed < duration; elapsed += step) {
    const waiting: unknown[] = []
    for (const caller of callers) {
      if (caller.next > elapsed) continue
      caller.next += interval
      calls += 1
      waiting.push(caller.auth.authorization(caller.url))
    }
    await Promise.all(waiting)
    // Tokens are refreshed behind the calls
    await nextTurn()
  }
  return { signatures, calls }
}

/** A signer in this process, as fast as there is one, that tells of each signature. */
function counting(onSign: () => void): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const { sign, ...rest } = localSigner(privateKey)
  return {
    ...rest,
    sign: (input, context) => {
      onSign()
      return sign(input, context)
    },
  }
}

/** A store as Redis is one, in simulated time. */
function memoryStore(now: () => number): TokenStore {
  const values = new Map<string, { readonly value: string; readonly until: number }>()
  const get = (key: string) => {
    const found = values.get(key)
    return found !== undefined && found.until > now() ? found.value : undefined
  }
  const set = (key: string, value: string, ttlMs: number) =>
    void values.set(key, { value, until: now() + ttlMs / 1_000 })
  return {
    get,
    set,
    add: (key, value, ttlMs) => {
      if (get(key) !== undefined) return false
      set(key, value, ttlMs)
      return true
    },
    delete: (key) => void values.delete(key),
    remove: (key, value) => void (get(key) === value && values.delete(key)),
  }
}

/** An auth takes its random numbers from where they were when it was made. */
function spreading<T>(jitter: boolean, make: () => T): T {
  const { random } = Math
  if (!jitter) Math.random = () => 0.5
  try {
    return make()
  } finally {
    Math.random = random
  }
}
