import { type KeyObject, randomBytes, verify } from 'node:crypto'
import {
  type Pkcs11Signer,
  type Pkcs11SignerOptions,
  pkcs11Signer,
} from 'orgid-bearer/signers/pkcs11'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createOrgidAuth } from '../../src/index.js'
import { shownBy } from '../secrets.js'
import { did, gate, laterRefusal, settle } from '../support.js'
import { softHsmIsMissing } from '../tools.js'
import { type SoftHsm, softHsm } from './softhsm.js'
import { type WatchedPkcs11, watchPkcs11 } from './watched-pkcs11.js'

describe.skipIf(softHsmIsMissing())('a signer over SoftHSM', () => {
  let hsm: SoftHsm
  let watched: WatchedPkcs11
  const signers: Pkcs11Signer[] = []
  beforeEach(() => {
    hsm = softHsm()
    watched = watchPkcs11(hsm.pkcs11)
  })
  afterEach(() => {
    for (const signer of signers.splice(0)) signer.close()
    hsm.close()
  })

  const open = async (options: Partial<Pkcs11SignerOptions> = {}) => {
    const { token, pin, label } = hsm
    const signer = await pkcs11Signer({ pkcs11: watched.pkcs11, token, pin, label, ...options })
    signers.push(signer)
    return signer
  }
  const sign = (signer: Pkcs11Signer, input: Uint8Array = randomBytes(200)) =>
    signer.sign(input, {}) as Promise<Uint8Array>
  const signsValidly = async (signer: Pkcs11Signer) => {
    const input = randomBytes(200)
    const signature = await sign(signer, input)
    const key = { key: signer.publicKey as KeyObject, dsaEncoding: 'ieee-p1363' } as const
    return verify('sha256', input, key, signature)
  }
  /** As another part of the same process may do it. */
  const finalizeAndInitialize = () => {
    hsm.pkcs11.C_Finalize()
    hsm.pkcs11.C_Initialize({ flags: 2 })
  }

  /** The token, and with it the signer, which has a session. */
  const isGoneAndBack = async (signer: Pkcs11Signer) => {
    const before = watched.count('C_Finalize')
    hsm.remove()
    await laterRefusal(sign(signer))
    hsm.restore()
    expect(await signsValidly(signer)).toBe(true)
    expect(watched.count('C_Finalize')).toBe(before + 1)
  }

  describe('goes on', () => {
    it.each<[string, () => void]>([
      ['all its sessions were closed', () => hsm.pkcs11.C_CloseAllSessions(hsm.slot)],
      [
        'the token was logged out of',
        () => {
          const session = hsm.pkcs11.C_OpenSession(hsm.slot, 4)
          hsm.pkcs11.C_Logout(session)
          hsm.pkcs11.C_CloseSession(session)
        },
      ],
      ['the module was initialised anew', finalizeAndInitialize],
    ])('with its next signature when %s', async (_, happens) => {
      const signer = await open({ concurrency: 4, attempts: 2 })
      await Promise.all(Array.from({ length: 8 }, () => sign(signer)))
      happens()
      const logins = watched.count('C_Login')
      // The first attempt meets one of four dead sessions, the second none of the other three
      expect(await signsValidly(signer)).toBe(true)
      const valid = await Promise.all(Array.from({ length: 8 }, () => signsValidly(signer)))
      expect(valid).toEqual(Array(8).fill(true))
      expect(watched.count('C_Login')).toBeGreaterThan(logins)
      expect(watched.sessions.most).toBeLessThanOrEqual(4)
    })

    it.each([
      ['CKR_GENERAL_ERROR', 0x5],
      ['CKR_FUNCTION_FAILED', 0x6],
      ['CKR_DEVICE_ERROR', 0x30],
      ['CKR_DEVICE_REMOVED', 0x32],
      ['CKR_KEY_HANDLE_INVALID', 0x60],
      ['CKR_OBJECT_HANDLE_INVALID', 0x82],
      ['CKR_OPERATION_ACTIVE', 0x90],
      ['CKR_SESSION_CLOSED', 0xb0],
      ['CKR_SESSION_HANDLE_INVALID', 0xb3],
      ['CKR_TOKEN_NOT_PRESENT', 0xe0],
      ['CKR_USER_NOT_LOGGED_IN', 0x101],
      ['a return value of the vendor', 0x80000067],
    ])('at the second attempt, in a new session, after %s', async (_, code) => {
      const signer = await open()
      for (const [made, name] of (['C_SignInit', 'C_SignAsync'] as const).entries()) {
        watched.failOnce(name, code)
        expect(await signsValidly(signer)).toBe(true)
        expect(watched.count('C_OpenSession')).toBe(made + 2)
        expect(watched.sessions.open).toBe(1)
      }
    })

    it('once one call has failed, where a signature was made with another key', async () => {
      const signer = await open()
      const other = hsm.newKey({ label: 'other', id: Buffer.from([2]) })
      const handles: Buffer[] = []
      watched.between('C_SignInit', (next, session, mechanism, key) => {
        handles.push(key)
        next(session, mechanism, handles.length === 2 ? (otherHandle as Buffer) : key)
      })
      // the handle under which a session knows it
      const session = hsm.pkcs11.C_OpenSession(hsm.slot, 4)
      hsm.pkcs11.C_FindObjectsInit(session, [
        { type: 0, value: 3 },
        { type: 3, value: Buffer.from('other') },
      ])
      const [otherHandle] = hsm.pkcs11.C_FindObjects(session, 1)
      hsm.pkcs11.C_FindObjectsFinal(session)

      expect(other?.equals(signer.publicKey as KeyObject)).toBe(false)
      expect(await signsValidly(signer)).toBe(true)
      expect((await laterRefusal(sign(signer))).code).toBe('ERR_INVALID_SIGNATURE')
      const opened = watched.count('C_OpenSession')
      expect(await signsValidly(signer)).toBe(true)
      expect(watched.count('C_OpenSession')).toBe(opened + 1)
    })
  })

  describe('fails at once', () => {
    it.each([
      ['CKR_ARGUMENTS_BAD', 0x7],
      ['CKR_KEY_TYPE_INCONSISTENT', 0x63],
      ['CKR_KEY_FUNCTION_NOT_PERMITTED', 0x68],
      ['CKR_MECHANISM_INVALID', 0x70],
      ['CKR_PIN_LOCKED', 0xa4],
    ])('after %s', async (_, code) => {
      const signer = await open()
      watched.failOnce('C_SignInit', code)
      const error = await laterRefusal(sign(signer))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toContain(`CKR_0x${code.toString(16)}`)
      expect(watched.count('C_SignInit')).toBe(1)
      expect(watched.sessions.open).toBe(0)
      expect(await signsValidly(signer)).toBe(true)
    })

    it('and tries no PIN twice, where the PIN has become another one', async () => {
      const pins = [hsm.pin, 'wr0ng-pIn', 'wr0ng-too', 'wr0ng-pIn']
      const signer = await open({ pin: () => pins.shift() ?? hsm.pin, reinitialize: true })
      hsm.pkcs11.C_CloseAllSessions(hsm.slot)
      const refused = await laterRefusal(sign(signer))
      expect(refused.code).toBe('ERR_SIGNER_FAILED')
      expect(refused.message).toContain('CKR_PIN_INCORRECT')
      expect(watched.count('C_Login')).toBe(2)
      expect((await laterRefusal(sign(signer))).message).toContain('CKR_PIN_INCORRECT')
      expect(watched.count('C_Login')).toBe(3)

      const again = await laterRefusal(open({ pin: 'wr0ng-pIn' }))
      expect(again.message).toMatch(/not refused yet, got one that it has/)
      const alternating = await laterRefusal(sign(signer))
      expect(alternating.message).toMatch(/not refused yet, got one that it has/)
      expect(watched.count('C_Login')).toBe(3)
      for (const error of [refused, again, alternating])
        expect(shownBy(error)).not.toContain('wr0ng')

      // After three failures the token is left alone for a while
      await vi.waitFor(async () => expect(await signsValidly(signer)).toBe(true), {
        timeout: 10_000,
      })
      expect(watched.count('C_Login')).toBe(4)
      expect(watched.count('C_Finalize')).toBe(0)
    })

    it('of a signature, not of an option, where its key is gone from the token', async () => {
      const signer = await open({ attempts: 1 })
      hsm.destroyKey(hsm.label)
      hsm.pkcs11.C_CloseAllSessions(hsm.slot)
      await laterRefusal(sign(signer))
      const error = await laterRefusal(sign(signer))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toMatch(/expected one private EC key .* got 0\./)
    })

    it('and does not sign, where another key has taken the place of its own', async () => {
      const signer = await open()
      hsm.destroyKey(hsm.label)
      hsm.newKey({ label: hsm.label, id: Buffer.from([1]) })
      hsm.pkcs11.C_CloseAllSessions(hsm.slot)
      const signed = watched.count('C_SignAsync')
      const error = await laterRefusal(sign(signer))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(error.message).toContain('got another one')
      expect(watched.count('C_SignAsync')).toBe(signed)
    })
  })

  describe('whose token is removed', () => {
    it('fails, while cached tokens serve, and goes on once the token is back', async () => {
      let now = 1_750_000_000
      const partner = (name: string, digit: string) => ({
        name,
        did: did(digit),
        origin: `https://api.${name}.example`,
      })
      const key = await open({ reinitialize: true, attempts: 2 })
      const auth = createOrgidAuth({
        issuer: `${did('a')}#webserver`,
        key,
        partners: [partner('hotels', 'b'), partner('air', 'c')],
        lifetime: 3_600,
        now: () => now,
      })
      const cached = await auth.token('hotels')

      hsm.remove()
      const error = await laterRefusal(auth.token('air'))
      expect(error.code).toBe('ERR_SIGNER_FAILED')
      expect(shownBy(error)).not.toContain(hsm.pin)
      expect((await auth.token('hotels')).value).toBe(cached.value)
      // past 85 % of its life the token is served, and one signature is tried for behind it
      now += 3_200
      expect((await auth.token('hotels')).value).toBe(cached.value)
      await settle()

      hsm.restore()
      await vi.waitFor(() => auth.token('air'), { timeout: 10_000 })
      now += 120
      await vi.waitFor(
        async () => expect((await auth.token('hotels')).value).not.toBe(cached.value),
        { timeout: 10_000 },
      )
    })

    it('does not go on by itself in SoftHSM, but once somebody initialises the module', async () => {
      const signer = await open({ attempts: 1 })
      hsm.remove()
      expect((await laterRefusal(sign(signer))).code).toBe('ERR_SIGNER_FAILED')
      hsm.restore()
      expect((await laterRefusal(sign(signer))).code).toBe('ERR_SIGNER_FAILED')
      expect(watched.count('C_Finalize')).toBe(0)
      finalizeAndInitialize()
      expect(await signsValidly(signer)).toBe(true)
    })

    it('goes on beside another signer over the module, which needs no second attempt', async () => {
      hsm.newKey({ label: 'second', id: Buffer.from([2]) })
      const first = await open({ reinitialize: true, attempts: 1 })
      const second = await open({ label: 'second', attempts: 1 })
      await isGoneAndBack(first)
      for (let round = 0; round < 3; round += 1) {
        const valid = await Promise.all([signsValidly(second), signsValidly(first)])
        expect(valid).toEqual([true, true])
      }
    })

    it('closes no session that another signer has under the number of one of its own', async () => {
      // SoftHSM numbers from 1
      finalizeAndInitialize()
      const second = await open()
      const first = await open({ reinitialize: true, attempts: 1 })
      await isGoneAndBack(first)
      second.close()
      expect(await signsValidly(first)).toBe(true)
    })

    it('shares no session with another signer that waited for its PIN meanwhile', async () => {
      const pin = gate<string>()
      const pins = [hsm.pin, pin.promise]
      const waiting = await open({ pin: () => pins.shift() ?? hsm.pin })
      const first = await open({ reinitialize: true, attempts: 1 })
      finalizeAndInitialize()
      const valid = signsValidly(waiting)
      await vi.waitFor(() => expect(pins).toEqual([]))
      await laterRefusal(sign(first))
      await sign(first)
      await isGoneAndBack(first)
      pin.resolve(hsm.pin)
      expect(await valid).toBe(true)
      expect(await signsValidly(first)).toBe(true)
      expect(watched.sessions.open).toBe(2)
    })

    it('leaves the module alone while a signature is under way in it', async () => {
      const busy = await open({ reinitialize: true })
      const signer = await open({ reinitialize: true, attempts: 1 })
      const signing = gate()
      watched.between('C_SignAsync', async (next, ...args) => {
        await signing.promise
        return next(...args)
      })
      const first = sign(busy)
      await settle()
      hsm.remove()
      expect((await laterRefusal(sign(signer))).code).toBe('ERR_SIGNER_FAILED')
      expect((await laterRefusal(sign(signer))).code).toBe('ERR_SIGNER_FAILED')
      expect(watched.count('C_Finalize')).toBe(0)
      hsm.restore()
      watched.between('C_SignAsync', undefined)
      signing.resolve()
      await first.catch(() => {})
      expect(await signsValidly(signer)).toBe(true)
      expect(watched.count('C_Finalize')).toBe(1)
    })

    it('opens no session in vain, however long the outage', async () => {
      const signer = await open({ reinitialize: true, concurrency: 2, attempts: 2 })
      hsm.remove()
      await Promise.all(Array.from({ length: 20 }, () => laterRefusal(sign(signer))))
      hsm.restore()
      await vi.waitFor(async () => expect(await signsValidly(signer)).toBe(true), {
        timeout: 10_000,
      })
      expect(watched.sessions.most).toBeLessThanOrEqual(2)
      expect(watched.sessions.open).toBeLessThanOrEqual(2)
    })
  })
})
