import { sign as cryptoSign, type KeyObject } from 'node:crypto'
import type { StoreFailedEvent } from '../../src/events.js'
import type { PrivateKeyInput } from '../../src/keys/load.js'
import { localSigner } from '../../src/signers/local.js'
import { type MintRequest, mintRequest } from '../../src/tokens/claims.js'
import { createKeyring } from '../../src/tokens/keyring.js'
import { createMinter } from '../../src/tokens/minter.js'
import { createClockOffsets } from '../../src/tokens/offsets.js'
import { createSharedSource } from '../../src/tokens/shared-source.js'
import type { TokenStore } from '../../src/tokens/store.js'
import { did } from '../support.js'

export const start = 1_800_000_000
export const lifetime = 1_000

/** Both hands of a clock that stands still until told otherwise. */
export function standingClock() {
  let passed = 0
  return {
    now: () => start + passed,
    monotonic: () => 5 + passed,
    pass: (seconds: number) => {
      passed += seconds
    },
  }
}

export function request(parts: Partial<Parameters<typeof mintRequest>[0]> = {}): MintRequest {
  return mintRequest({
    partner: 'hotels',
    keyId: 'webserver',
    issuer: `${did('a')}#webserver`,
    audience: did('b'),
    lifetime,
    scope: undefined,
    scopeFormat: 'json-string',
    claims: undefined,
    singleUse: false,
    ...parts,
  })
}

/** A store in memory, with everything that a store can have; and what was asked of it. */
export function memoryStore() {
  const values = new Map<string, string>()
  const ttls = new Map<string, number>()
  const asked: string[] = []
  const isLock = (key: string) => key.endsWith(':lock')
  const store = {
    get: async (key: string) => {
      asked.push('get')
      return values.get(key)
    },
    set: async (key: string, value: string, ttlMs: number) => {
      asked.push('set')
      values.set(key, value)
      ttls.set(key, ttlMs)
    },
    delete: async (key: string) => {
      asked.push('delete')
      values.delete(key)
    },
    add: async (key: string, value: string, ttlMs: number) => {
      asked.push('add')
      if (values.has(key)) return false
      values.set(key, value)
      ttls.set(key, ttlMs)
      return true
    },
    remove: async (key: string, value: string) => {
      asked.push('remove')
      if (values.get(key) === value) values.delete(key)
    },
  } satisfies TokenStore
  return {
    store,
    asked,
    ttls,
    values,
    tokens: () => [...values].filter(([key]) => !isLock(key)).map(([, value]) => value),
    locks: () => [...values.keys()].filter(isLock),
    /** Puts another value in the place of each token. */
    overwrite: (value: unknown) => {
      for (const key of values.keys()) if (!isLock(key)) values.set(key, value as string)
    },
  }
}

export interface ProcessOptions {
  readonly store: TokenStore
  readonly clock: ReturnType<typeof standingClock>
  readonly key: PrivateKeyInput
  readonly random?: () => number
  readonly issuedAtBackdate?: number
  readonly signTimeout?: number
  /** Waited for by each signature. */
  readonly wait?: () => Promise<void>
}

/** What one process of a fleet has: a minter with its keys and offsets, and the store around it. */
export function startProcess(options: ProcessOptions) {
  const { store, clock, key, random = () => 0.5, wait, ...rest } = options
  const local = localSigner(key, { backend: 'noble' })
  const signed = { count: 0 }
  const failures: StoreFailedEvent[] = []
  const sign = async (input: Uint8Array) => {
    signed.count += 1
    await wait?.()
    return local.sign(input, {})
  }
  const keyring = createKeyring([
    {
      id: 'webserver',
      signer: { alg: 'ES256K', publicKey: local.publicKey, sign },
      activeFrom: 0,
    },
  ])
  const offsets = createClockOffsets(clock)
  const common = {
    keyring,
    clock,
    random,
    offsets,
    issuedAtBackdate: 30,
    signTimeout: 0.5,
    ...rest,
  }
  const source = createSharedSource(createMinter(common), {
    ...common,
    store,
    onFailure: (failure) => failures.push(failure),
  })
  return {
    ...source,
    signed,
    failures,
    keyring,
    /** Teaches it that the partner's clock is so many seconds ahead. */
    learn: (ahead: number) =>
      offsets.learn(
        'hotels',
        {
          sentAt: clock.now(),
          date: new Date((clock.now() + ahead) * 1_000).toUTCString(),
          age: null,
        },
        () => true,
      ),
  }
}

const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A JWT of these parts, objects or text, as the holder of this key may sign it. */
export function signJwt(header: unknown, claims: unknown, key: KeyObject): string {
  const input = `${encode(header)}.${encode(claims)}`
  const signature = cryptoSign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
