import { unlessAborted } from '../abort.js'
import { describe, OrgidAuthError } from '../errors.js'
import { describeFailure } from './failure.js'
import { isGone, isWrongPin, returnValue } from './pkcs11-errors.js'
import type { Library } from './pkcs11-library.js'
import { ck, type Pkcs11Module } from './pkcs11-types.js'

/** The PIN, or a function that gives it each time it is needed, so that nobody has to keep it. */
export type Pkcs11Pin =
  | string
  | ((context: { readonly signal: AbortSignal }) => string | Promise<string>)

/** @internal */
export interface LoginOptions {
  readonly pkcs11: Pkcs11Module
  readonly library: Library
  /** A slot's handle, or the label of the token in it. */
  readonly place: Buffer | string
  readonly pin: Pkcs11Pin
}

/** Whatever a session may be used for, once. @internal */
export type Login = (session: Buffer, signal: AbortSignal) => Promise<void>

/**
 * Logs in where nobody of this process has: one login counts for all its sessions with a token
 * (PKCS #11 2.40, 2.6.7), until the last one is closed.
 *
 * A token locks after a few wrong PINs, so one that was refused is not tried again, for no signer
 * over the module, and a login that may have reached the token is not repeated by itself.
 *
 * @internal
 */
export function createLogin({ pkcs11, library, place, pin }: LoginOptions): Login {
  const isLoggedIn = (session: Buffer) => {
    const { state } = pkcs11.C_GetSessionInfo(session)
    return state === ck.CKS_RO_USER_FUNCTIONS || state === ck.CKS_RW_USER_FUNCTIONS
  }

  return async (session, signal) => {
    if (isLoggedIn(session)) return
    const given = typeof pin === 'string' ? pin : await ask(pin, signal)
    // Nothing waits from here on: of several calls that have waited for the PIN, one logs in
    if (isLoggedIn(session)) return
    if (library.isRefused(place, given)) {
      throw failed(
        'a PIN that the token has not refused yet, got one that it has, so it is not tried',
      )
    }
    try {
      pkcs11.C_Login(session, ck.CKU_USER, given)
    } catch (error) {
      if (returnValue(error) === ck.CKR_USER_ALREADY_LOGGED_IN) return
      if (isGone(error)) throw error
      if (isWrongPin(error)) library.refuse(place, given)
      throw failed(`the token to take the PIN, got ${describeFailure(error)}`)
    }
  }
}

async function ask(pin: Exclude<Pkcs11Pin, string>, signal: AbortSignal): Promise<string> {
  let given: unknown
  try {
    given = await unlessAborted(Promise.resolve(pin({ signal })), signal)
  } catch (error) {
    throw failed(`pin to give the PIN, got ${describeFailure(error)}`)
  }
  if (typeof given === 'string' && given !== '') return given
  const got = typeof given === 'number' ? 'a number' : describe(given)
  throw failed(`pin to give the PIN as text, got ${got}`)
}

function failed(expectation: string): OrgidAuthError {
  return new OrgidAuthError('ERR_SIGNER_FAILED', `PKCS#11: expected ${expectation}`)
}
