import type { KeyObject } from 'node:crypto'
import { isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { isPassing, NotOnToken } from './pkcs11-errors.js'
import { findKey, type KeyName } from './pkcs11-key.js'
import { createLogin, type LoginOptions } from './pkcs11-login.js'
import type { Session } from './pkcs11-sessions.js'
import { ck, type Pkcs11Module } from './pkcs11-types.js'

/** @internal */
export interface TokenOptions extends LoginOptions {
  readonly name: KeyName
  readonly reinitialize: boolean
}

/** A token with a key on it. It may go and come back, but the key stays the same. @internal */
export interface Token {
  /** Finds the token, logs in to it and finds the key, all anew: handles outlive no removal. */
  open(signal: AbortSignal): Promise<Session>
  /** Never throws. */
  close(session: Pick<Session, 'handle' | 'generation'>): void
}

/** r and s; DER, from a module that does what the standard does not say, is 72 bytes at most. */
const signatureBytes = 72

/** @internal */
export function createToken(options: TokenOptions): Token {
  const { pkcs11, library, place, name, reinitialize } = options
  const login = createLogin(options)
  let known: KeyObject | undefined

  const openOnce = async (signal: AbortSignal): Promise<Session> => {
    const { generation } = library
    const handle = pkcs11.C_OpenSession(slotOf(pkcs11, place), ck.CKF_SERIAL_SESSION)
    try {
      await login(handle, signal)
      // Another call may have initialised the module anew while this one waited for the PIN
      if (library.generation !== generation) throw new NotOnToken('the session is gone')
      const { privateKey, publicKey, isExposed } = findKey(pkcs11, handle, name)
      if (known === undefined && isExposed) warnExposed()
      known ??= publicKey
      if (!known.equals(publicKey)) throw otherKey()
      const [digest, signature] = [Buffer.alloc(32), Buffer.alloc(signatureBytes)]
      return { handle, privateKey, publicKey, generation, digest, signature }
    } catch (error) {
      close({ handle, generation })
      throw error
    }
  }

  const reopen = (signal: AbortSignal) =>
    openOnce(signal).catch((error: unknown) => {
      throw inUse(error)
    })

  const open: Token['open'] = async (signal) => {
    if (known === undefined) return openOnce(signal)
    try {
      return await reopen(signal)
    } catch (error) {
      if (!reinitialize || !isPassing(error) || !library.reinitialize()) throw error
      return reopen(signal)
    }
  }

  const close: Token['close'] = ({ handle, generation }) => {
    // A handle of before may by now be somebody else's
    if (generation !== library.generation) return
    try {
      pkcs11.C_CloseSession(handle)
    } catch {
      // It went with the token
    }
  }

  return { open, close }
}

function slotOf(pkcs11: Pkcs11Module, place: Buffer | string): Buffer {
  if (typeof place !== 'string') return place
  const slots = pkcs11.C_GetSlotList(true).filter((slot) => {
    try {
      // 32 characters, padded with blanks
      return pkcs11.C_GetTokenInfo(slot).label.trimEnd() === place
    } catch {
      return false // one that was removed, or another application's trouble
    }
  })
  const [slot, ...others] = slots
  if (slot !== undefined && others.length === 0) return slot
  const wanted = 'PKCS#11: expected one token with the label given'
  if (slot === undefined) {
    throw new NotOnToken(`${wanted}, got 0. pkcs11-tool --list-token-slots shows what there is`)
  }
  throw new OrgidAuthError(
    'ERR_INVALID_OPTION',
    `${wanted}, got ${slots.length}. Give slot instead`,
  )
}

/** What is wrong with the options at first is, once they were right, a token's failure. */
function inUse(error: unknown): unknown {
  if (!isOrgidAuthError(error)) return error
  // A token that is not wholly there shows no key
  if (error.code === 'ERR_INVALID_KEY') return new NotOnToken(error.message)
  return new OrgidAuthError('ERR_SIGNER_FAILED', error.message)
}

function otherKey(): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_KEY_MISMATCH',
    'PKCS#11: expected the key that was on the token before, got another one under its name. Create another signer, and register its public key under a new fragment',
  )
}

function warnExposed(): void {
  process.emitWarning(
    'PKCS#11: the key can leave the token (CKA_EXTRACTABLE is true, or CKA_SENSITIVE false). Generate one on the token that cannot',
    { type: 'OrgidBearerWarning', code: 'ORGID_EXTRACTABLE_KEY' },
  )
}
