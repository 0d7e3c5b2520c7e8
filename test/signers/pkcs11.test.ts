import { execFileSync } from 'node:child_process'
import { type KeyObject, randomBytes, verify } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Pkcs11Module,
  type Pkcs11Signer,
  type Pkcs11SignerOptions,
  pkcs11Signer,
} from 'orgid-bearer/signers/pkcs11'
import { verifyToken } from 'orgid-bearer/verify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { jose2 } from '../interop/realVerifiers.js'
import { shownBy } from '../secrets.js'
import { did, gate, laterRefusal, settle } from '../support.js'
import { opensslIsMissing, softHsmIsMissing } from '../tools.js'
import { type SoftHsm, softHsm } from './softhsm.js'
import { pkcs11Error, type WatchedPkcs11, watchPkcs11 } from './watched-pkcs11.js'

const signingInput = () =>
  Buffer.from(`eyJhbGciOiJFUzI1NksiLCJ0eXAiOiJKV1QifQ.${randomBytes(150).toString('base64url')}`)

describe.skipIf(softHsmIsMissing())('a key in SoftHSM', () => {
  let hsm: SoftHsm
  beforeAll(() => {
    hsm = softHsm()
  })
  afterAll(() => hsm?.close())

  let watched: WatchedPkcs11
  const signers: Pkcs11Signer[] = []
  beforeEach(() => {
    watched = watchPkcs11(hsm.pkcs11)
  })
  afterEach(async () => {
    for (const signer of signers.splice(0)) signer.close()
    await vi.waitFor(() => expect(watched.sessions.open).toBe(0))
  })

  /** By the token's and the key's label, unless others are given. */
  const open = async (options: Partial<Pkcs11SignerOptions> = {}) => {
    const { pkcs11 } = watched
    const named = options.slot === undefined ? { token: hsm.token } : {}
    const keyed = options.id === undefined ? { label: hsm.label } : {}
    const signer = await pkcs11Signer({ pkcs11, pin: hsm.pin, ...named, ...keyed, ...options })
    signers.push(signer)
    return signer
  }
  const sign = (signer: Pkcs11Signer, input = signingInput(), signal?: AbortSignal) =>
    signer.sign(input, signal ? { signal } : {}) as Promise<Uint8Array>
  const isValid = (input: Uint8Array, signature: Uint8Array, key = hsm.publicKey) =>
    verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature)
  const signsValidly = async (signer: Pkcs11Signer) => {
    const input = signingInput()
    return isValid(input, await sign(signer, input), signer.publicKey as KeyObject)
  }

  describe('signs', () => {
    it('tokens that this library and jose accept', async () => {
      const key = await open()
      const auth = createOrgidAuth({
        issuer: `${did('a')}#webserver`,
        key,
        partners: [{ name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }],
      })
      const { value, expiresAt } = await auth.token('hotels')
      const { claims } = await verifyToken(value, { audience: did('b'), key: hsm.publicKey })
      expect(claims).toMatchObject({ iss: `${did('a')}#webserver`, aud: did('b'), exp: expiresAt })

      const pem = hsm.publicKey.export({ format: 'pem', type: 'spki' }) as string
      const jose = jose2.JWT.verify(value, jose2.JWK.asKey(pem, { alg: 'ES256K', use: 'sig' }), {
        audience: did('b'),
        issuer: `${did('a')}#webserver`,
        typ: 'JWT',
        now: new Date(),
      })
      expect(jose).toEqual(claims)
    })

    it.skipIf(opensslIsMissing())('what the openssl command verifies', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pkcs11-'))
      try {
        const input = signingInput()
        const signature = await sign(await open(), input)
        const [key, sig, text] = ['key.pem', 'signature.der', 'input'].map((n) => join(folder, n))
        writeFileSync(key as string, hsm.publicKey.export({ format: 'pem', type: 'spki' }))
        writeFileSync(sig as string, toDer(signature))
        writeFileSync(text as string, input)
        const args = ['dgst', '-sha256', '-verify', key, '-signature', sig, text] as string[]
        expect(execFileSync('openssl', args, { encoding: 'utf8' })).toContain('Verified OK')
      } finally {
        rmSync(folder, { recursive: true })
      }
    })

    it('64 bytes with low s, each time, with the public key of the token', async () => {
      const signer = await open()
      expect((signer.publicKey as KeyObject).equals(hsm.publicKey)).toBe(true)
      for (let round = 0; round < 50; round += 1) {
        const input = randomBytes(round)
        const signature = await sign(signer, input)
        expect(signature).toHaveLength(64)
        expect((signature[32] as number) < 0x80).toBe(true)
        expect(isValid(input, signature)).toBe(true)
      }
    })

    it('in one session with one login, however often', async () => {
      const signer = await open()
      for (let round = 0; round < 20; round += 1) await sign(signer)
      expect(watched.count('C_OpenSession')).toBe(1)
      expect(watched.count('C_Login')).toBe(1)
      expect(watched.count('C_SignAsync')).toBe(20)
    })

    it('200 at once in at most as many sessions as concurrency says', async () => {
      const signer = await open({ concurrency: 4 })
      const inputs = Array.from({ length: 200 }, signingInput)
      const signatures = await Promise.all(inputs.map((input) => sign(signer, input)))
      expect(inputs.every((input, n) => isValid(input, signatures[n] as Uint8Array))).toBe(true)
      expect(watched.sessions.most).toBe(4)
      expect(watched.mostSigning).toBe(4)
      expect(watched.count('C_OpenSession')).toBe(4)
      signer.close()
      expect(watched.sessions.open).toBe(0)
    })

    it('two at once without another word', async () => {
      const signer = await open()
      await Promise.all(Array.from({ length: 20 }, () => sign(signer)))
      expect(watched.mostSigning).toBe(2)
    })

    it('with a key of an id, a token in a slot, or both label and id', async () => {
      const id = Buffer.from([1])
      for (const options of [{ id }, { id, slot: hsm.slot }, { id, label: hsm.label }])
        expect(await signsValidly(await open(options))).toBe(true)
    })

    it('with a key that has no id, whose public half has its label', async () => {
      const publicKey = hsm.newKey({ label: 'without an id' }) as KeyObject
      const signer = await open({ label: 'without an id' })
      expect((signer.publicKey as KeyObject).equals(publicKey)).toBe(true)
      expect(await signsValidly(signer)).toBe(true)
      hsm.destroyKey('without an id')
    })

    it('with a token that gives CKA_EC_POINT as a bare point', async () => {
      watched.between('C_GetAttributeValue', (next, session, object, template) => {
        const [attribute] = next(session, object, template)
        const isPoint = template[0]?.type === 0x181
        return attribute && isPoint
          ? [{ value: attribute.value.subarray(2) }]
          : [attribute as never]
      })
      expect(await signsValidly(await open())).toBe(true)
    })

    it('with a token of before CKA_ALWAYS_AUTHENTICATE', async () => {
      watched.between('C_GetAttributeValue', (next, session, object, template) => {
        if (template[0]?.type === 0x202) throw pkcs11Error(0x12)
        return next(session, object, template)
      })
      expect(await signsValidly(await open())).toBe(true)
    })

    it('with a module that gives DER', async () => {
      const signer = await open()
      watched.between('C_SignAsync', async (next, ...args) => toDer(await next(...args)))
      expect(await signsValidly(signer)).toBe(true)
    })
  })

  describe('logs in', () => {
    it('with a PIN that a function gives when it is needed', async () => {
      const pin = vi.fn(async () => hsm.pin)
      const signer = await open({ pin })
      await sign(signer)
      expect(pin).toHaveBeenCalledTimes(1)
    })

    it('once, where several sessions open at a time and wait for the PIN', async () => {
      const signer = await open({ concurrency: 4, pin: async () => hsm.pin })
      hsm.pkcs11.C_CloseAllSessions(hsm.slot)
      const before = watched.count('C_Login')
      await Promise.all(Array.from({ length: 8 }, () => sign(signer)))
      expect(watched.count('C_Login') - before).toBe(1)
    })

    it('not where this process is logged in already', async () => {
      const session = hsm.pkcs11.C_OpenSession(hsm.slot, 4)
      hsm.pkcs11.C_Login(session, 1, hsm.pin)
      const pin = vi.fn(() => hsm.pin)
      expect(await signsValidly(await open({ pin }))).toBe(true)
      expect(pin).not.toHaveBeenCalled()
      hsm.pkcs11.C_CloseSession(session)
    })

    it('where the token says that it was another who did', async () => {
      const session = hsm.pkcs11.C_OpenSession(hsm.slot, 4)
      hsm.pkcs11.C_Login(session, 1, hsm.pin)
      watched.between('C_GetSessionInfo', () => ({ state: 0 }))
      expect(await signsValidly(await open())).toBe(true)
      expect(watched.count('C_Login')).toBe(1)
      hsm.pkcs11.C_CloseSession(session)
    })

    it('with one attempt, and fails, where the PIN is wrong', async () => {
      const error = await laterRefusal(open({ pin: 'wr0ng-pIn-77aa', attempts: 5 }))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toContain('CKR_PIN_INCORRECT')
      expect(watched.count('C_Login')).toBe(1)
      expect(shownBy(error)).not.toContain('wr0ng')
    })

    it('once with a PIN that the token refuses, however many signers are given it', async () => {
      hsm.newKey({ label: 'second' })
      const pin = 'wr0ng-pIn-77aa'
      for (const label of [hsm.label, 'second', hsm.label])
        expect((await laterRefusal(open({ label, pin }))).code).toBe('ERR_SIGNER_FAILED')
      hsm.destroyKey('second')
      expect(watched.count('C_Login')).toBe(1)
    })

    it('anew with a PIN that was refused at another place: a token is known by what names it', async () => {
      await laterRefusal(open({ token: hsm.token, pin: 'wr0ng-pIn' }))
      await laterRefusal(open({ slot: hsm.slot, pin: 'wr0ng-pIn' }))
      expect(watched.count('C_Login')).toBe(2)
    })

    it.each([
      ['CKR_GENERAL_ERROR', 0x5],
      ['CKR_FUNCTION_FAILED', 0x6],
      ['CKR_PIN_LOCKED', 0xa4],
      ['a return value of the vendor', 0x80000010],
    ])('with one attempt after %s, which may count as a wrong PIN', async (_, code) => {
      watched.failOnce('C_Login', code)
      const error = await laterRefusal(open({ attempts: 5 }))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toContain(`CKR_0x${code.toString(16)}`)
      expect(watched.count('C_Login')).toBe(1)
      expect(await signsValidly(await open())).toBe(true)
    })

    it.each([
      ['CKR_DEVICE_ERROR', 0x30],
      ['CKR_DEVICE_REMOVED', 0x32],
      ['CKR_SESSION_CLOSED', 0xb0],
      ['CKR_SESSION_HANDLE_INVALID', 0xb3],
      ['CKR_TOKEN_NOT_PRESENT', 0xe0],
      ['CKR_TOKEN_NOT_RECOGNIZED', 0xe1],
      ['CKR_CRYPTOKI_NOT_INITIALIZED', 0x190],
    ])('at the second attempt after %s', async (_, code) => {
      watched.failOnce('C_Login', code)
      expect(await signsValidly(await open({ attempts: 2 }))).toBe(true)
      expect(watched.count('C_Login')).toBe(2)
    })

    it.each<[string, Pkcs11SignerOptions['pin'], RegExp]>([
      ['throws', () => Promise.reject(new Error('the vault is sealed')), /the vault is sealed/],
      ['throws at once', fails, /the vault is sealed/],
      ['gives nothing', (() => undefined) as never, /undefined/],
      ['gives a number', (() => 987_654) as never, /got a number/],
      ['gives an empty text', () => '', /an empty string/],
    ])('never with the PIN of a function that %s', async (_, pin, message) => {
      const error = await laterRefusal(open({ pin }))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toMatch(message)
      expect(watched.count('C_Login')).toBe(0)
    })

    it('never with a PIN that comes after the deadline, and keeps no session for it', async () => {
      const late = gate<string>()
      const aborted = vi.fn()
      const pin: Pkcs11SignerOptions['pin'] = ({ signal }) => {
        signal.addEventListener('abort', aborted)
        return late.promise
      }
      const error = await laterRefusal(open({ pin, attempts: 1, attemptTimeout: 0.05 }))
      expect(error.code).toBe('ERR_SIGNER_TIMEOUT')
      expect(aborted).toHaveBeenCalledTimes(1)
      late.resolve(hsm.pin)
      await settle()
      expect(watched.count('C_Login')).toBe(0)
      expect(watched.sessions.open).toBe(0)
    })
  })

  describe('is refused', () => {
    const created: string[] = []
    const newKey = (...args: Parameters<SoftHsm['newKey']>) => {
      created.push(args[0].label)
      return hsm.newKey(...args)
    }
    afterEach(() => {
      for (const label of new Set(created.splice(0))) hsm.destroyKey(label)
    })

    it('where there is none of that label or id', async () => {
      for (const options of [{ label: 'weberver' }, { id: Buffer.from([7]) }]) {
        const error = await laterRefusal(open(options))
        expect(error.code).toBe('ERR_INVALID_KEY')
        expect(error.message).toMatch(/expected one private EC key .* got 0\./)
      }
    })

    it('where there are two, and taken where the id tells which', async () => {
      newKey({ label: 'twin', id: Buffer.from([21]) })
      const second = newKey({ label: 'twin', id: Buffer.from([22]) })
      const error = await laterRefusal(open({ label: 'twin' }))
      expect(error.code).toBe('ERR_INVALID_KEY')
      expect(error.message).toMatch(/expected one private EC key .* got 2\./)
      const signer = await open({ label: 'twin', id: Buffer.from([22]) })
      expect((signer.publicKey as KeyObject).equals(second as KeyObject)).toBe(true)
    })

    it('where its public half is missing or there are two', async () => {
      newKey({ label: 'first', id: Buffer.from([31]) })
      newKey({ label: 'second', id: Buffer.from([31]) })
      const two = await laterRefusal(open({ label: 'first' }))
      expect(two.code).toBe('ERR_INVALID_KEY')
      expect(two.message).toMatch(/expected one public EC key .* CKA_ID .* got 2\./)
      hsm.destroyKey('first', 'public')
      hsm.destroyKey('second', 'public')
      const none = await laterRefusal(open({ label: 'first' }))
      expect(none.code).toBe('ERR_INVALID_KEY')
      expect(none.message).toMatch(/expected one public EC key .* got 0\./)
    })

    it.each([
      ['P-256', /got P-256/],
      ['RSA', /got a key that is not EC/],
    ] as const)('where it is a %s key', async (kind, message) => {
      newKey({ label: kind, id: Buffer.from([41]), kind })
      const error = await laterRefusal(open({ label: kind }))
      expect(error.code).toBe('ERR_KEY_CURVE')
      expect(error.message).toMatch(message)
    })

    it('where it asks for the PIN at each signature', async () => {
      newKey({ label: 'each time', alwaysAuthenticate: true })
      const error = await laterRefusal(open({ label: 'each time' }))
      expect(error.code).toBe('ERR_INVALID_KEY')
      expect(error.message).toContain('CKA_ALWAYS_AUTHENTICATE')
    })

    it('where there is no token of that label, or two', async () => {
      const none = await laterRefusal(open({ token: 'orgid-2', attempts: 1 }))
      expect(none.code).toBe('ERR_SIGNER_FAILED')
      expect(none.message).toMatch(/expected one token .* got 0\./)
      watched.between('C_GetSlotList', (next, present) => [...next(present), ...next(present)])
      const two = await laterRefusal(open())
      expect(two.code).toBe('ERR_INVALID_OPTION')
      expect(two.message).toMatch(/expected one token .* got 2\. Give slot/)
    })

    it('where the module was not initialised', async () => {
      const code = 0x190
      watched.between('C_GetSlotList', () => {
        throw pkcs11Error(code)
      })
      expect((await laterRefusal(open({ attempts: 1 }))).code).toBe('ERR_SIGNER_FAILED')
    })
  })

  describe('gives a warning', () => {
    const warnings: (Error & { code?: string })[] = []
    const listener = (warning: Error) => warnings.push(warning)
    beforeEach(() => {
      warnings.length = 0
      process.on('warning', listener)
    })
    afterEach(() => {
      process.off('warning', listener)
    })

    it('once, where it can leave the token', async () => {
      hsm.newKey({ label: 'loose', id: Buffer.from([51]), extractable: true })
      const signer = await open({ label: 'loose' })
      hsm.pkcs11.C_CloseAllSessions(hsm.slot)
      expect(await signsValidly(signer)).toBe(true)
      await settle()
      expect(warnings.map(({ name, code }) => [name, code])).toEqual([
        ['OrgidBearerWarning', 'ORGID_EXTRACTABLE_KEY'],
      ])
      hsm.destroyKey('loose')
    })

    it('none where it cannot', async () => {
      await open()
      await settle()
      expect(warnings).toEqual([])
    })
  })

  describe('is left alone', () => {
    it('by a caller that leaves; its session is used again when it has signed', async () => {
      const signer = await open({ concurrency: 1 })
      const signing = gate()
      watched.between('C_SignAsync', async (next, ...args) => {
        await signing.promise
        return next(...args)
      })
      const controller = new AbortController()
      const left = sign(signer, signingInput(), controller.signal)
      const waiting = sign(signer)
      await settle()
      controller.abort(new Error('enough'))
      await expect(left).rejects.toThrow('enough')
      await settle()
      expect(watched.count('C_SignAsync')).toBe(1)
      signing.resolve()
      await waiting
      expect(watched.count('C_SignAsync')).toBe(2)
      expect(watched.sessions.most).toBe(1)
    })

    it('by calls that get no session before their deadline, when it hangs', async () => {
      const signer = await open({ concurrency: 2, attempts: 1, attemptTimeout: 0.05 })
      const hanging = gate()
      watched.between('C_SignAsync', async (next, ...args) => {
        await hanging.promise
        return next(...args)
      })
      const errors = await Promise.all(Array.from({ length: 6 }, () => laterRefusal(sign(signer))))
      const codes = new Set(errors.map(({ code }) => code))
      expect(codes.delete('ERR_SIGNER_TIMEOUT')).toBe(true)
      expect([...codes].every((code) => code === 'ERR_SIGNER_UNAVAILABLE')).toBe(true)
      expect(watched.sessions.most).toBe(2)
      expect(watched.count('C_SignAsync')).toBe(2)
      hanging.resolve()
    })

    it('once it is closed, at once or when it has signed', async () => {
      const signer = await open({ concurrency: 2 })
      const input = signingInput()
      const last = sign(signer, input)
      await settle()
      signer.close()
      signer.close()
      expect(isValid(input, await last)).toBe(true)
      expect(watched.sessions.open).toBe(0)
      const opened = watched.count('C_OpenSession')
      const error = await laterRefusal(sign(signer))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toContain('closed')
      expect(watched.count('C_OpenSession')).toBe(opened)
    })
  })

  it('shows its PIN nowhere, and cannot be changed', async () => {
    const signer = await open()
    await sign(signer)
    expect(shownBy(signer)).not.toContain(hsm.pin)
    expect(Object.keys(signer).sort()).toEqual(['alg', 'close', 'publicKey', 'sign'])
    expect(Object.isFrozen(signer)).toBe(true)
  })

  it('shows neither PIN nor signing input in an error', async () => {
    const signer = await open({ attempts: 1 })
    const input = signingInput()
    watched.failOnce('C_SignAsync', 0x30)
    const failed = await laterRefusal(sign(signer, input))
    watched.between('C_SignAsync', async () => Buffer.alloc(64, 1))
    const wrong = await laterRefusal(sign(signer, input))
    for (const error of [failed, wrong]) {
      const shown = shownBy(error)
      expect(shown).not.toContain(hsm.pin)
      expect(shown).not.toContain(input.toString().slice(-40))
    }
  })
})

describe('pkcs11Signer', () => {
  const noCall = () => {
    throw new Error('no call was to be made')
  }
  const pkcs11 = new Proxy({}, { get: () => noCall }) as Pkcs11Module
  const right: Pkcs11SignerOptions = { pkcs11, token: 'orgid', pin: '1234', label: 'webserver' }

  afterEach(() => {
    delete (Object.prototype as Record<string, unknown>).reinitialize
  })

  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no module', { ...right, pkcs11: undefined }],
    ['a module that is none', { ...right, pkcs11: { C_SignInit: noCall } }],
    ['no token', { ...right, token: undefined }],
    ['a token without a name', { ...right, token: '' }],
    ['a token and a slot', { ...right, slot: Buffer.alloc(8) }],
    ['a slot that is a number', { ...right, token: undefined, slot: 0 }],
    ['no PIN', { ...right, pin: undefined }],
    ['an empty PIN', { ...right, pin: '' }],
    ['a PIN that is a number', { ...right, pin: 1234 }],
    ['no key', { ...right, label: undefined }],
    ['an empty label', { ...right, label: '' }],
    ['an empty label beside an id', { ...right, label: '', id: Buffer.from([1]) }],
    ['an id that is text', { ...right, id: '01' }],
    ['an empty id', { ...right, id: Buffer.alloc(0) }],
    ['a reinitialize that is text', { ...right, reinitialize: 'yes' }],
    ['a concurrency of none', { ...right, concurrency: 0 }],
    ['a misspelt option', { ...right, reinitialise: true }],
  ])('refuses %s', async (_, options) => {
    const error = await laterRefusal(pkcs11Signer(options as Pkcs11SignerOptions))
    expect(error.code).toBe('ERR_INVALID_OPTION')
    expect(error.message).not.toContain('1234')
  })

  it('takes no option from Object.prototype', async () => {
    ;(Object.prototype as Record<string, unknown>).reinitialize = 'yes'
    await expect(pkcs11Signer(right)).rejects.toThrow('no call was to be made')
  })
})

function fails(): never {
  throw new Error('the vault is sealed')
}

/** The DER of r || s (RFC 3279 2.2.3). */
function toDer(signature: Uint8Array): Buffer {
  const integer = (part: Uint8Array) => {
    const hex = Buffer.from(part)
      .toString('hex')
      .replace(/^(00)+/, '')
    const bytes = Buffer.from(parseInt(hex.slice(0, 2), 16) > 0x7f ? `00${hex}` : hex, 'hex')
    return Buffer.concat([Buffer.from([2, bytes.length]), bytes])
  }
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, both.length]), both])
}
