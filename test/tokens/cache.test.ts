import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OrgidAuthError } from '../../src/errors.js'
import { createTokenCache } from '../../src/tokens/cache.js'
import { type MintRequest, mintRequest } from '../../src/tokens/claims.js'
import { endsAtOf } from '../../src/tokens/entry.js'
import type { TokenSource } from '../../src/tokens/minter.js'
import { type PartnerClock, Token } from '../../src/tokens/token.js'
import { gate, settle } from '../support.js'

const lifetime = 1_000

/** A clock that stands still until told otherwise; `pass` moves both hands, `set` the wall's alone. */
function standingClock(start = 1_800_000_000) {
  let wall = start
  let monotonic = 5
  return {
    now: () => wall,
    monotonic: () => monotonic,
    pass: (seconds: number) => {
      wall += seconds
      monotonic += seconds
    },
    set: (seconds: number) => {
      wall = seconds
    },
  }
}

function request(audience = 'did:orgid:0xb', life = lifetime, singleUse = false): MintRequest {
  return mintRequest({
    partner: audience,
    keyId: 'webserver',
    issuer: 'did:orgid:0xa#webserver',
    audience,
    lifetime: life,
    scope: undefined,
    scopeFormat: 'json-string',
    claims: undefined,
    singleUse,
  })
}

/** A source that counts, and answers at once, later, never, or with an error. */
function countingSource(clock: { now(): number }, partnerClock?: PartnerClock) {
  const state = {
    mints: 0,
    perKey: new Map<string, number>(),
    answer: (token: Token): Token | Promise<Token> => token,
  }
  const source: TokenSource = {
    get(asked) {
      state.mints += 1
      state.perKey.set(asked.key, (state.perKey.get(asked.key) ?? 0) + 1)
      const now = clock.now()
      return state.answer(
        new Token(`Bearer token-${state.mints}`, {
          issuer: asked.issuer,
          audience: asked.audience,
          issuedAt: now - 30,
          freshUntil: now + asked.lifetime * 0.75,
          expiresAt: now + asked.lifetime,
          clock: partnerClock,
        }),
      )
    },
  }
  return { source, state }
}

function setUp(max = 10_000, before?: (request: MintRequest) => MintRequest | undefined) {
  const clock = standingClock()
  const { source, state } = countingSource(clock)
  const cache = createTokenCache(source, {
    clock,
    max,
    random: () => 0.5,
    ...(before && { before }),
  })
  return { clock, state, cache }
}

const unhandled = vi.fn()
beforeEach(() => process.on('unhandledRejection', unhandled))
afterEach(() => {
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

const value = (token: Token | Promise<Token>) => {
  expect(token).toBeInstanceOf(Token)
  return (token as Token).value
}

describe('a token cache', () => {
  it('serves the same token, synchronously, while it is fresh', () => {
    const { cache, clock, state } = setUp()
    const first = value(cache.get(request()))
    clock.pass(lifetime * 0.74)
    expect(value(cache.get(request()))).toBe(first)
    expect(state.mints).toBe(1)
  })

  it('serves the old token in the refresh window and mints one successor behind 1,000 calls', async () => {
    const { cache, clock, state } = setUp()
    const first = value(cache.get(request()))
    clock.pass(lifetime * 0.76)
    for (let call = 0; call < 1_000; call += 1) expect(value(cache.get(request()))).toBe(first)
    expect(state.mints).toBe(1)
    await settle()
    expect(state.mints).toBe(2)
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it('mints in the foreground once the guard before expiry is reached', () => {
    const { cache, clock, state } = setUp()
    cache.get(request())
    clock.pass(lifetime - 30)
    expect(value(cache.get(request()))).toBe('token-2')
    expect(state.mints).toBe(2)
  })

  it('keeps the guard of a whole life before the end of a token that was given late in its life', () => {
    const { cache, clock, state } = setUp()
    const late = new Token('Bearer late', {
      issuer: 'did:orgid:0xa#webserver',
      audience: 'did:orgid:0xb',
      issuedAt: clock.now() - lifetime,
      freshUntil: clock.now() + 100,
      expiresAt: clock.now() + 100,
    })
    state.answer = (token) => (state.mints === 1 ? late : token)
    cache.get(request())
    clock.pass(69)
    expect(value(cache.get(request()))).toBe('late')
    clock.pass(1)
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it.each([5, 60])('caches a token of %i s for most of its life', (life) => {
    const { cache, clock, state } = setUp()
    cache.get(request('did:orgid:0xb', life))
    for (let call = 0; call < 10; call += 1) {
      cache.get(request('did:orgid:0xb', life))
      clock.pass((life * 0.7) / 10)
    }
    expect(state.mints).toBe(1)
    clock.pass(life * 0.21)
    cache.get(request('did:orgid:0xb', life))
    expect(state.mints).toBe(2)
  })

  it('makes one mint of 1,000 concurrent calls of a cold key', async () => {
    const { cache, state } = setUp()
    state.answer = async (token) => token
    const tokens = await Promise.all(Array.from({ length: 1_000 }, () => cache.get(request())))
    expect(new Set(tokens.map((token) => token.value)).size).toBe(1)
    expect(state.mints).toBe(1)
  })

  it('makes one mint of 1,000 concurrent calls whose token has run out', async () => {
    const { cache, state, clock } = setUp()
    cache.get(request())
    clock.pass(lifetime)
    state.answer = async (token) => token
    await Promise.all(Array.from({ length: 1_000 }, () => cache.get(request())))
    expect(state.mints).toBe(2)
  })

  it('rejects one aborted caller of ten with its own reason, and serves the other nine', async () => {
    const { cache, state } = setUp()
    const open = gate()
    state.answer = (token) => open.promise.then(() => token)
    const controller = new AbortController()
    const aborted = cache.get(request(), { signal: controller.signal }) as Promise<Token>
    const others = Array.from({ length: 9 }, () =>
      cache.get(request(), { signal: new AbortController().signal }),
    )
    const reason = new Error('changed my mind')
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    open.resolve()
    expect((await Promise.all(others)).map((token) => token.value)).toEqual(
      Array(9).fill('token-1'),
    )
    expect(state.mints).toBe(1)
  })

  it('finishes and keeps a mint that every caller has left', async () => {
    const { cache, state } = setUp()
    const open = gate()
    state.answer = (token) => open.promise.then(() => token)
    const controller = new AbortController()
    const only = cache.get(request(), { signal: controller.signal }) as Promise<Token>
    controller.abort()
    await expect(only).rejects.toMatchObject({ name: 'AbortError' })
    open.resolve()
    await settle()
    expect(value(cache.get(request()))).toBe('token-1')
  })

  it('survives a mint that fails after its only caller has left', async () => {
    const { cache, state } = setUp()
    const open = gate<Token>()
    state.answer = () => open.promise
    const controller = new AbortController()
    const only = cache.get(request(), { signal: controller.signal }) as Promise<Token>
    controller.abort()
    await expect(only).rejects.toMatchObject({ name: 'AbortError' })
    open.reject(new OrgidAuthError('ERR_SIGNER_FAILED', 'down'))
    await settle()
    state.answer = (token) => token
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it('gives all waiters of a failed mint one error, and mints anew for the next call', async () => {
    const { cache, state } = setUp()
    const error = new OrgidAuthError('ERR_SIGNER_FAILED', 'down')
    state.answer = () => Promise.reject(error)
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => cache.get(request())))
    expect(results.every((result) => result.status === 'rejected' && result.reason === error)).toBe(
      true,
    )
    expect(state.mints).toBe(1)
    state.answer = async (token) => token
    expect((await cache.get(request())).value).toBe('token-2')
  })

  it('throws what a synchronous source throws, and mints anew for the next call', () => {
    const { cache, state } = setUp()
    const error = new OrgidAuthError('ERR_SIGNER_FAILED', 'down')
    state.answer = () => {
      throw error
    }
    expect(() => cache.get(request())).toThrow(error)
    state.answer = (token) => token
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it.each(['synchronous', 'asynchronous'])(
    'keeps the valid token while %s background refreshes fail, and backs off',
    async (kind) => {
      const { cache, state, clock } = setUp()
      const first = value(cache.get(request()))
      clock.pass(lifetime * 0.76)
      const error = new OrgidAuthError('ERR_SIGNER_FAILED', 'down')
      state.answer = () => {
        if (kind === 'synchronous') throw error
        return Promise.reject(error)
      }
      for (let call = 0; call < 50; call += 1) {
        expect(value(cache.get(request()))).toBe(first)
        await settle()
      }
      expect(state.mints).toBe(2)
      const waits: number[] = []
      while (state.mints < 6) {
        const before = state.mints
        let waited = 0
        while (state.mints === before) {
          clock.pass(0.25)
          waited += 0.25
          expect(value(cache.get(request()))).toBe(first)
          await settle()
        }
        waits.push(waited)
      }
      expect(waits).toEqual([...waits].sort((a, b) => a - b))
      expect(waits.at(-1)).toBeGreaterThan(2 * (waits[0] as number))
      state.answer = (token) => token
      clock.pass(60)
      cache.get(request())
      await settle()
      expect(value(cache.get(request()))).toBe('token-7')
    },
  )

  it('does not mint a key in flight twice when it was evicted meanwhile', async () => {
    const { cache, state } = setUp(100)
    const open = gate()
    state.answer = (token) => open.promise.then(() => token)
    const audiences = Array.from({ length: 10_000 }, (_, index) => `did:orgid:0x${index}`)
    const first = audiences.map((audience) => cache.get(request(audience)))
    const second = audiences.map((audience) => cache.get(request(audience)))
    open.resolve()
    await Promise.all([...first, ...second])
    expect(state.mints).toBe(10_000)
    expect(Math.max(...state.perKey.values())).toBe(1)
    expect([...cache.usable()]).toHaveLength(100)
  })

  it('does not refresh behind traffic what was evicted meanwhile', async () => {
    const { cache, state, clock } = setUp(1)
    cache.get(request('did:orgid:0xb'))
    clock.pass(lifetime * 0.76)
    cache.get(request('did:orgid:0xb'))
    cache.get(request('did:orgid:0xc'))
    await settle()
    expect(state.perKey.get(request('did:orgid:0xb').key)).toBe(1)
  })

  it('mints at once after the clock jumped forward past expiry, as after a suspended process', () => {
    const { cache, state, clock } = setUp()
    cache.get(request())
    clock.set(clock.now() + 10 * lifetime)
    expect(value(cache.get(request()))).toBe('token-2')
    expect(state.mints).toBe(2)
  })

  it('does not serve a token past its real life when the clock was set back', () => {
    const { cache, state, clock } = setUp()
    cache.get(request())
    clock.pass(10)
    clock.set(clock.now() - 20)
    clock.pass(lifetime - 30)
    expect(value(cache.get(request()))).toBe('token-2')
    expect(state.mints).toBe(2)
  })

  it('mints anew when the clock was set back behind the moment a token was issued', () => {
    const { cache, clock } = setUp()
    cache.get(request())
    clock.set(clock.now() - 29)
    expect(value(cache.get(request()))).toBe('token-1')
    clock.set(clock.now() - 2)
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it('mints a new token when forced, and serves that one afterwards', () => {
    const { cache } = setUp()
    cache.get(request())
    expect(value(cache.get(request(), { forceRefresh: true }))).toBe('token-2')
    expect(value(cache.get(request()))).toBe('token-2')
  })

  it('never caches a single-use token', async () => {
    const { cache, state } = setUp()
    const once = request('did:orgid:0xb', lifetime, true)
    expect(value(cache.get(once))).not.toBe(value(cache.get(once)))
    state.answer = async (token) => token
    const both = await Promise.all([cache.get(once), cache.get(once)])
    expect(both[0].value).not.toBe(both[1].value)
    expect([...cache.usable()]).toEqual([])
  })

  it('drops invalidated tokens, lets calls in flight keep theirs, and does not cache those', async () => {
    const { cache, state } = setUp()
    cache.get(request('did:orgid:0xc'))
    const open = gate()
    state.answer = (token) => open.promise.then(() => token)
    const inFlight = cache.get(request('did:orgid:0xb'))
    cache.invalidate(({ partner }) => partner === 'did:orgid:0xb')
    open.resolve()
    expect((await inFlight).value).toBe('token-2')
    state.answer = (token) => token
    expect(value(cache.get(request('did:orgid:0xb')))).toBe('token-3')
    expect(value(cache.get(request('did:orgid:0xc')))).toBe('token-1')
  })

  it('keeps one stuck partner from holding up another', async () => {
    const { cache, state } = setUp()
    state.answer = () => new Promise(() => {})
    void cache.get(request('did:orgid:0xb'))
    state.answer = (token) => token
    expect(value(cache.get(request('did:orgid:0xc')))).toBe('token-2')
  })
})

describe('when another key has begun to sign', () => {
  const old = request()
  const next = mintRequest({ ...old, keyId: 'webserver2', issuer: 'did:orgid:0xa#webserver2' })
  const before = ({ key }: MintRequest) => (key === next.key ? old : undefined)
  const switching = () => setUp(10_000, before)

  it('the old key’s token is served to 1,000 calls while one of the new key is minted behind them', async () => {
    const { cache, state } = switching()
    const first = value(cache.get(old))
    for (let call = 0; call < 1_000; call += 1) expect(value(cache.get(next))).toBe(first)
    expect(state.mints).toBe(1)
    await settle()
    expect(value(cache.get(next))).toBe('token-2')
    expect([...state.perKey]).toEqual([
      [old.key, 1],
      [next.key, 1],
    ])
  })

  it('the old key’s token stays at hand', async () => {
    const { cache, state } = switching()
    const first = value(cache.get(old))
    cache.get(next)
    await settle()
    expect(value(cache.get(next))).toBe('token-2')
    expect(value(cache.get(old))).toBe(first)
    expect(cache.usable().map(({ token }) => token.value)).toEqual([first, 'token-2'])
    expect(state.mints).toBe(2)
  })

  it('the new key’s failing signer fails no call as long as that token lives', async () => {
    const { cache, clock, state } = switching()
    const first = value(cache.get(old))
    state.answer = () => {
      throw new Error('no access')
    }
    for (let second = 0; second < lifetime - 30; second += 10) {
      expect(value(cache.get(next))).toBe(first)
      await settle()
      clock.pass(10)
    }
    // A back-off of 0.5 to 50 s, and not one try a call
    expect(state.mints).toBeGreaterThan(10)
    expect(state.mints).toBeLessThan(40)
    expect(() => cache.get(next)).toThrow('no access')
    state.answer = (token) => token
    expect(value(cache.get(next))).toMatch(/^token-/)
  })

  it('nothing is taken over that is past its use, or was dropped', () => {
    const { cache, clock } = switching()
    cache.get(old)
    clock.pass(lifetime - 30)
    expect(value(cache.get(next))).toBe('token-2')
    const { cache: other } = switching()
    other.get(old)
    other.invalidate(({ keyId }) => keyId === 'webserver')
    expect(value(other.get(next))).toBe('token-2')
  })

  it('the old key’s token is dropped with that key, wherever it is served', () => {
    const { cache } = switching()
    cache.get(old)
    cache.get(next)
    const dropped = cache.invalidate(({ keyId }) => keyId === 'webserver')
    expect(new Set(dropped)).toEqual(new Set([old]))
    expect(value(cache.get(next))).toBe('token-2')
  })

  it('a call that wants another token gets one of the new key', () => {
    const { cache } = switching()
    const first = cache.get(old)
    expect(value(cache.get(next, { forceRefresh: true }))).toBe('token-2')
    const refused = Token.authorization(first as Token)
    const { cache: other } = switching()
    other.get(old)
    other.get(next)
    expect(value(other.replace(next, refused, () => true) as Token)).toBe('token-2')
  })
})

describe('a refused token', () => {
  const yes = () => true
  const no = () => false
  const header = (token: Token) => Token.authorization(token)

  it('is replaced by a new one, which later calls get as well', () => {
    const { cache, state } = setUp()
    const first = cache.get(request()) as Token
    const second = cache.replace(request(), header(first), yes) as Token
    expect(second.value).not.toBe(first.value)
    expect(cache.get(request())).toBe(second)
    expect(state.mints).toBe(2)
  })

  it('is replaced by the one that has taken its place already', () => {
    const { cache, state } = setUp()
    const first = cache.get(request()) as Token
    const second = cache.replace(request(), header(first), yes)
    for (const mayMint of [yes, no]) {
      expect(cache.replace(request(), header(first), mayMint)).toBe(second)
    }
    expect(state.mints).toBe(2)
  })

  it('is not replaced, and stays in use, when no mint is allowed', () => {
    const { cache, state } = setUp()
    const first = cache.get(request()) as Token
    expect(cache.replace(request(), header(first), no)).toBeUndefined()
    expect(cache.get(request())).toBe(first)
    expect(state.mints).toBe(1)
  })

  it('is minted for once, however many were refused', async () => {
    const { cache, state } = setUp()
    const first = cache.get(request()) as Token
    const { promise, resolve } = gate<Token>()
    state.answer = (token) => promise.then(() => token)
    const all = Array.from({ length: 50 }, () => cache.replace(request(), header(first), yes))
    resolve(first)
    expect(new Set(await Promise.all(all)).size).toBe(1)
    expect(state.mints).toBe(2)
  })

  it('is not replaced by one that is past its use or was revoked', () => {
    const { cache, clock } = setUp()
    const first = cache.get(request()) as Token
    const second = cache.replace(request(), header(first), yes) as Token
    clock.pass(lifetime)
    const third = cache.replace(request(), header(first), yes) as Token
    cache.invalidate(() => true)
    const fourth = cache.replace(request(), header(first), yes) as Token
    expect(new Set([first, second, third, fourth]).size).toBe(4)
  })

  it('that the cache has lost is not replaced by the same one again', () => {
    const { cache, state, clock } = setUp()
    const first = cache.get(request()) as Token
    cache.invalidate(() => true)
    const other = setUp()
    let again = true
    other.state.answer = (token) => {
      const answer = again ? first : token
      again = false
      return answer
    }
    const replaced = other.cache.replace(request(), header(first), yes) as Token
    expect(replaced.value).not.toBe(first.value)
    expect([state.mints, other.state.mints]).toEqual([1, 2])
    expect(clock.now()).toBe(other.clock.now())
  })

  it('for a single use is replaced by another one for a single use, if that is allowed', () => {
    const { cache, state } = setUp()
    const single = request(undefined, lifetime, true)
    const first = cache.get(single) as Token
    expect((cache.replace(single, header(first), yes) as Token).value).not.toBe(first.value)
    expect(cache.replace(single, header(first), no)).toBeUndefined()
    expect(state.mints).toBe(2)
  })
})

describe('a partner whose clock differs', () => {
  it.each([300, -300])('by %i seconds has its tokens served for all of their life', (offset) => {
    const clock = standingClock()
    const theirs = { now: () => clock.now() + offset }
    const { source, state } = countingSource(theirs, { offset, doubt: 1 })
    const cache = createTokenCache(source, { clock, max: 10, random: () => 0.5 })
    const token = cache.get(request()) as Token
    expect(token.expiresAt).toBe(clock.now() + offset + lifetime)
    expect(cache.usable().map((entry) => endsAtOf(entry.token))).toEqual([clock.now() + lifetime])
    // Up to the guard, and a second earlier, by which that may be wrong
    clock.pass(lifetime - 31.5)
    expect(cache.get(request())).toBe(token)
    clock.pass(1)
    expect(cache.get(request())).not.toBe(token)
    expect(state.mints).toBe(2)
  })
})
