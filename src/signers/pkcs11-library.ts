import { createHmac, randomBytes } from 'node:crypto'
import { returnValue } from './pkcs11-errors.js'
import { ck, type Pkcs11Module } from './pkcs11-types.js'

/**
 * What all signers over one module share: C_Finalize takes the sessions of all of them away, and
 * must not be called while another thread is in the module (PKCS #11 2.40, 5.4).
 *
 * @internal
 */
export interface Library {
  /** A handle of another generation means nothing, or worse, something else. */
  readonly generation: number
  /** Makes a call that runs in another thread. */
  run<T>(call: () => Promise<T>): Promise<T>
  /** Calls C_Finalize and C_Initialize. @returns false, without doing so, while a call runs. */
  reinitialize(): boolean
  /** Remembers that the token at this place, a slot's handle or a label, refuses the PIN. */
  refuse(place: Buffer | string, pin: string): void
  isRefused(place: Buffer | string, pin: string): boolean
}

const libraries = new WeakMap<Pkcs11Module, Library>()

/** @internal */
export function libraryOf(pkcs11: Pkcs11Module): Library {
  const library = libraries.get(pkcs11) ?? createLibrary(pkcs11)
  libraries.set(pkcs11, library)
  return library
}

function createLibrary(pkcs11: Pkcs11Module): Library {
  let generation = 0
  let running = 0
  const refused = new Set<string>()
  return {
    get generation() {
      return generation
    },
    async run(call) {
      running += 1
      try {
        return await call()
      } finally {
        running -= 1
      }
    },
    reinitialize() {
      if (running > 0) return false
      generation += 1
      // So it is left by a C_Initialize that failed
      unless(ck.CKR_CRYPTOKI_NOT_INITIALIZED, () => pkcs11.C_Finalize())
      pkcs11.C_Initialize({ flags: ck.CKF_OS_LOCKING_OK })
      return true
    },
    refuse(place, pin) {
      refused.add(fingerprint(place, pin))
    },
    isRefused: (place, pin) => refused.has(fingerprint(place, pin)),
  }
}

const salt = randomBytes(32)

/** A hash, so that no PIN is kept: a refused one may be another token's. */
function fingerprint(place: Buffer | string, pin: string): string {
  return createHmac('sha256', salt)
    .update(JSON.stringify([place, pin]))
    .digest('base64')
}

function unless(accepted: number, call: () => void): void {
  try {
    call()
  } catch (error) {
    if (returnValue(error) !== accepted) throw error
  }
}
