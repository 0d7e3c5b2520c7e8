import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { encryptedStore, type StoreKeyInput } from 'orgid-bearer/store/encrypted'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support.js'
import { memoryStore } from '../tokens/fleet.js'

const bytes = randomBytes(32)
const setUp = (key: StoreKeyInput | readonly StoreKeyInput[] = bytes) => {
  const memory = memoryStore()
  return { memory, store: encryptedStore(memory.store, key) }
}

describe('encryptedStore', () => {
  it.each<[string, StoreKeyInput]>([
    ['bytes', bytes],
    ['a KeyObject', createSecretKey(bytes)],
    ['hex', bytes.toString('hex')],
    ['upper-case hex', bytes.toString('hex').toUpperCase()],
    ['base64', bytes.toString('base64')],
    ['base64url', bytes.toString('base64url')],
    ['base64 with the line break of a file', `${bytes.toString('base64')}\n`],
  ])('takes its key as %s', async (_, key) => {
    const { memory, store } = setUp()
    await store.set('a', 'one', 1_000)
    expect(await encryptedStore(memory.store, key).get('a')).toBe('one')
  })

  it('encrypts with the first of several keys, and decrypts with each', async () => {
    const { memory, store } = setUp()
    const next = randomBytes(32)
    const both = encryptedStore(memory.store, [next, bytes])
    await store.set('a', 'one', 1_000)
    expect(await both.get('a')).toBe('one')
    await both.set('a', 'two', 1_000)
    expect(await store.get('a')).toBeUndefined()
    expect(await encryptedStore(memory.store, next).get('a')).toBe('two')
  })

  it('gives what was set, whatever it is, and never writes it twice alike', async () => {
    const { memory, store } = setUp()
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        await store.set('a', text, 1_000)
        const first = memory.values.get('a')
        expect(await store.get('a')).toBe(text)
        await store.set('a', text, 1_000)
        expect(memory.values.get('a')).not.toBe(first)
      }),
    )
  })

  it('gives nothing for what it did not write under that key and name', async () => {
    const { memory, store } = setUp()
    await store.set('a', 'a token', 1_000)
    await store.set('b', 'another', 1_000)
    const [valid, another] = [memory.values.get('a') ?? '', memory.values.get('b') ?? '']
    const damaged = [
      another,
      'a token',
      '',
      'v1.',
      'v1.AAAA',
      `v2${valid.slice(2)}`,
      valid.slice(0, -1),
      valid.slice(0, 20),
      `${valid}AAAA`,
      'v1.'.padEnd(40_000, 'A'),
      7,
      null,
    ]
    for (const value of damaged) {
      memory.values.set('a', value as string)
      expect(await store.get('a')).toBeUndefined()
    }
    for (let at = 3; at < valid.length - 1; at += 1) {
      const other = valid[at] === 'A' ? 'B' : 'A'
      memory.values.set('a', valid.slice(0, at) + other + valid.slice(at + 1))
      expect(await store.get('a')).toBeUndefined()
    }
    memory.values.set('a', valid)
    expect(await store.get('a')).toBe('a token')
    expect(await encryptedStore(memory.store, randomBytes(32)).get('a')).toBeUndefined()
  })

  it('has of the other methods those that the store has', async () => {
    const { memory, store } = setUp()
    const { get, set } = memory.store
    expect(Object.keys(encryptedStore({ get, set }, bytes))).toEqual(['get', 'set'])
    expect(await store.add?.('lock', 'mine', 1_000)).toBe(true)
    expect(await store.add?.('lock', 'yours', 1_000)).toBe(false)
    await store.remove?.('lock', 'yours')
    expect(memory.locks().length + memory.values.size).toBe(1)
    await store.remove?.('lock', 'mine')
    await store.set('a', 'one', 1_000)
    await store.delete?.('a')
    expect(memory.values.size).toBe(0)
  })

  const short = randomBytes(16)
  it.each<[string, unknown]>([
    ['none', undefined],
    ['an empty list', []],
    ['16 bytes', short],
    ['16 bytes in hex', short.toString('hex')],
    ['a passphrase', 'correct horse battery staple'],
    ['33 bytes in base64', randomBytes(33).toString('base64')],
    ['a secret KeyObject of 16 bytes', createSecretKey(short)],
    ['a private key', generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
    ['a list with a wrong one', [bytes, 'correct horse battery staple']],
  ])('refuses as its key %s, and shows nothing of it', (_, key) => {
    const { code, message } = refusal(() => encryptedStore(memoryStore().store, key as never))
    expect(code).toBe('ERR_INVALID_OPTION')
    expect(message).toMatch(/^key(\[[01]\])?: expected a key of 32 bytes/)
    expect(message).not.toMatch(/horse/)
    expect(message).not.toContain(short.toString('hex'))
  })

  it('refuses what is no store', () => {
    expect(refusal(() => encryptedStore({} as never, bytes)).code).toBe('ERR_INVALID_OPTION')
  })
})
