import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  KeyObject,
  randomBytes,
} from 'node:crypto'
import { describe } from '../errors.js'
import { invalidOption } from '../options.js'
import { readStore, type TokenStore } from '../tokens/store.js'

export type { TokenStore } from '../tokens/store.js'

/** 32 bytes: as a secret `KeyObject`, as they are, in 64 hex digits, or in base64. */
export type StoreKeyInput = KeyObject | Uint8Array | string

// NIST SP 800-38D 8.2.2: random, so one key is good for 2^32 tokens
const ivLength = 12
const tagLength = 16
const version = 'v1.'
/** Characters: the longest token, encrypted and in base64url. */
const longest = 32_768

/**
 * A store whose values only the holders of a key can read: AES-256-GCM (NIST SP 800-38D), bound to
 * the name that each is kept under. Who reads the store learns how many tokens there are and how
 * long they live; who writes to it can but make them disappear.
 *
 * What cannot be decrypted counts as absent.
 *
 * @param key one, or several to change keys: the first encrypts, all of them decrypt.
 * @throws OrgidAuthError `ERR_INVALID_OPTION`; no message shows a key.
 *
 * @example
 * ```ts
 * const store = encryptedStore(redisStore(client), process.env.ORGID_STORE_KEY)
 * ```
 */
export function encryptedStore(
  store: TokenStore,
  key: StoreKeyInput | readonly StoreKeyInput[] | undefined,
): TokenStore {
  const inner = readStore(store, 'store')
  const keys = readKeys(key)
  return Object.freeze({
    get: async (name: string) => decrypt(await inner.get(name), name, keys),
    set: (name: string, value: string, ttlMs: number) =>
      inner.set(name, encrypt(value, name, keys[0]), ttlMs),
    ...(inner.delete && { delete: (name: string) => inner.delete?.(name) }),
    // Locks hold no secret
    ...(inner.add && {
      add: async (name: string, value: string, ttlMs: number) =>
        (await inner.add?.(name, value, ttlMs)) === true,
    }),
    ...(inner.remove && { remove: (name: string, value: string) => inner.remove?.(name, value) }),
  })
}

function encrypt(text: string, name: string, key: KeyObject): string {
  const iv = randomBytes(ivLength)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  cipher.setAAD(Buffer.from(name))
  const sealed = [iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return version + Buffer.concat(sealed).toString('base64url')
}

function decrypt(value: unknown, name: string, keys: readonly KeyObject[]): string | undefined {
  if (typeof value !== 'string' || value.length > longest) return undefined
  if (!value.startsWith(version)) return undefined
  const sealed = Buffer.from(value.slice(version.length), 'base64url')
  if (sealed.length < ivLength + tagLength) return undefined
  for (const key of keys) {
    const text = open(sealed, name, key)
    if (text !== undefined) return text
  }
  return undefined
}

function open(sealed: Buffer, name: string, key: KeyObject): string | undefined {
  const iv = sealed.subarray(0, ivLength)
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength })
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(sealed.subarray(-tagLength))
  try {
    const text = decipher.update(sealed.subarray(ivLength, -tagLength))
    return Buffer.concat([text, decipher.final()]).toString()
  } catch {
    // Another key's, another name's, or damaged: which, cannot be told
    return undefined
  }
}

function readKeys(input: unknown): readonly [KeyObject, ...KeyObject[]] {
  const [first, ...others] = (Array.isArray(input) ? input : [input]) as unknown[]
  const where = (index: number) => (Array.isArray(input) ? `key[${index}]` : 'key')
  return [
    readKey(first, where(0)),
    ...others.map((other, index) => readKey(other, where(index + 1))),
  ]
}

function readKey(input: unknown, where: string): KeyObject {
  if (input instanceof KeyObject) {
    if (input.type === 'secret' && input.symmetricKeySize === 32) return input
  } else {
    const bytes = typeof input === 'string' ? bytesOf(input.trim()) : input
    if (bytes instanceof Uint8Array && bytes.length === 32) return createSecretKey(bytes)
  }
  throw invalidOption(
    where,
    'a key of 32 bytes (a secret KeyObject, bytes, 64 hex digits, or base64)',
    input instanceof Uint8Array ? `${input.length} bytes` : describe(input),
    'Make one with: openssl rand -base64 32',
  )
}

function bytesOf(text: string): Buffer | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
}
