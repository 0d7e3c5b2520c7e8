import { describe, isOrgidAuthError } from '../errors.js'
import { invalidOption, type Own, readBoolean, readOptions } from '../options.js'
import { attempt } from './attempts.js'
import { isPassing } from './pkcs11-errors.js'
import type { KeyName } from './pkcs11-key.js'
import { libraryOf } from './pkcs11-library.js'
import type { Pkcs11Pin } from './pkcs11-login.js'
import { createSessions } from './pkcs11-sessions.js'
import { createToken } from './pkcs11-token.js'
import { ck, moduleFunctions, type Pkcs11Module } from './pkcs11-types.js'
import { remoteSigner } from './remote.js'
import { type RemoteSignerOptions, readRemoteOptions, remoteOptionNames } from './remote-options.js'
import type { Signer } from './signer.js'

export type { Pkcs11Pin } from './pkcs11-login.js'
export type { Pkcs11Attribute, Pkcs11Module } from './pkcs11-types.js'

/** A key on a token: `token` or `slot` says which token, `label`, `id` or both say which key. */
export interface Pkcs11SignerOptions extends RemoteSignerOptions {
  /**
   * A `PKCS11` of `pkcs11js` 2, loaded, and initialised with `CKF_OS_LOCKING_OK`, since signatures
   * are made in other threads. Give the same object to all signers over that module.
   */
  readonly pkcs11: Pkcs11Module
  /** The token's label. It is looked for again where its slot's number has changed. */
  readonly token?: string
  /** The slot, one of those that `C_GetSlotList` returns. */
  readonly slot?: Uint8Array
  /** The user's PIN. One that the token refuses is not tried again: tokens lock after a few. */
  readonly pin: Pkcs11Pin
  /** The label of the private key, CKA_LABEL. */
  readonly label?: string
  /** The id of the private key, CKA_ID, as bytes. */
  readonly id?: Uint8Array
  /**
   * The most signatures at once, each in a session of its own. Default: 2. Each one that the token
   * does not answer keeps a thread of the pool which Node reads files and looks names up with (4,
   * see UV_THREADPOOL_SIZE), so stay below its size.
   */
  readonly concurrency?: number
  /**
   * Whether the module is finalised and initialised (`C_Finalize`, `C_Initialize`) when a token
   * that was removed does not come back without: so it is with SoftHSM, and with many network
   * HSMs. All sessions of this process with that module end. Signers over the same `pkcs11` open
   * theirs again; say true only if nothing else uses it. Default: false.
   */
  readonly reinitialize?: boolean
}

/** A {@link Signer} over a key on a token. */
export interface Pkcs11Signer extends Signer {
  /**
   * Closes the sessions, those in use when they have signed. The signer signs no more. Call it,
   * once the last signature is there, before `C_Finalize`. The second call does nothing.
   */
  close(): void
}

const service = 'PKCS#11'

/**
 * A {@link Signer} over a secp256k1 key on a PKCS #11 token, private and public half (found by the
 * private one's CKA_ID, or else its label), with CKM_ECDSA. A key that can leave the token is used
 * with a warning, `ORGID_EXTRACTABLE_KEY`.
 *
 * When the token was removed or reset, the next attempt opens a session, logs in and finds the key
 * again, and takes no other key than the one it had.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_INVALID_KEY` (no such key, or several),
 *   `ERR_KEY_CURVE`, `ERR_SIGNER_FAILED` (a wrong PIN, for one), `ERR_SIGNER_TIMEOUT`; for those of
 *   its `sign` see `remoteSigner`.
 *
 * @example
 * ```ts
 * const key = await pkcs11Signer({ pkcs11, token: 'orgid', pin, label: 'webserver' })
 * ```
 */
export async function pkcs11Signer(options: Pkcs11SignerOptions): Promise<Pkcs11Signer> {
  const own = readOptions<Pkcs11SignerOptions>(
    options,
    ['pkcs11', 'token', 'slot', 'pin', 'label', 'id', 'reinitialize', ...remoteOptionNames],
    'options',
  )
  const pkcs11 = readModule(own.pkcs11)
  const read = readRemoteOptions(own)
  const limits = { ...read, ...(own.concurrency === undefined && { concurrency: 2 }) }
  const library = libraryOf(pkcs11)
  const token = createToken({
    pkcs11,
    library,
    place: readPlace(own),
    pin: readPin(own.pin),
    name: readName(own),
    reinitialize: readBoolean(own.reinitialize, 'reinitialize', false),
  })
  const sessions = createSessions({
    size: limits.concurrency,
    open: token.open,
    close: token.close,
    isUsable: ({ generation }) => generation === library.generation,
  })

  const publicKey = await attempt({
    ...limits,
    service,
    wanted: 'the public key',
    ask: ({ signal }) => sessions.use(async (session) => session.publicKey, signal),
    isTransient: isPassing,
  })
  const remote = remoteSigner({
    ...limits,
    service,
    publicKey,
    sign: (request, { signal }) =>
      sessions.use(async ({ handle, privateKey, digest, signature }) => {
        digest.set(request.digest)
        pkcs11.C_SignInit(handle, { mechanism: ck.CKM_ECDSA }, privateKey)
        return Uint8Array.from(
          await library.run(() => pkcs11.C_SignAsync(handle, digest, signature)),
        )
      }, signal),
    isTransient: isPassing,
  })

  const sign: Signer['sign'] = async (input, context) => {
    try {
      return await remote.sign(input, context)
    } catch (error) {
      // Handles of before a C_Finalize of somebody else's may denote other sessions and keys
      if (isOrgidAuthError(error) && error.code === 'ERR_INVALID_SIGNATURE') sessions.drop()
      throw error
    }
  }
  return Object.freeze({ ...remote, sign, close: sessions.close })
}

function readModule(pkcs11: unknown): Pkcs11Module {
  const missing = moduleFunctions.find(
    (name) => typeof (pkcs11 as Pkcs11Module | undefined)?.[name] !== 'function',
  )
  if (missing === undefined) return pkcs11 as Pkcs11Module
  throw invalidOption('pkcs11', 'a PKCS11 of pkcs11js 2', `${describe(pkcs11)} without ${missing}`)
}

function readPlace({ slot, token }: Own<Pkcs11SignerOptions>): Buffer | string {
  if (slot !== undefined && token !== undefined) {
    throw invalidOption('options', 'one of token and slot', 'both')
  }
  if (slot instanceof Uint8Array) return Buffer.from(slot)
  if (slot !== undefined) throw invalidOption('slot', 'bytes, from C_GetSlotList', describe(slot))
  return readText(token, 'token', "the token's label")
}

function readName({ label, id }: Own<Pkcs11SignerOptions>): KeyName {
  if (id !== undefined && !(id instanceof Uint8Array && id.length > 0)) {
    throw invalidOption('id', "the key's CKA_ID, as bytes", describe(id))
  }
  if (label === undefined && id !== undefined) return { id: Buffer.from(id) }
  return { label: readText(label, 'label', "the key's label"), id: id && Buffer.from(id) }
}

function readPin(pin: unknown): Pkcs11Pin {
  if (typeof pin === 'function') return pin as Pkcs11Pin
  if (typeof pin === 'string' && pin !== '') return pin
  // A number is a PIN all the same, and is not to be shown
  const got = typeof pin === 'number' ? 'a number' : describe(pin)
  throw invalidOption('pin', 'the PIN as text, or a function that gives it', got)
}

function readText(value: unknown, where: string, expected: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(where, expected, describe(value))
}
