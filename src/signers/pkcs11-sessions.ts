import type { KeyObject } from 'node:crypto'
import { OrgidAuthError } from '../errors.js'
import { createSlots } from './slots.js'

/** A session in which the key can be used. @internal */
export interface Session {
  readonly handle: Buffer
  readonly privateKey: Buffer
  readonly publicKey: KeyObject
  /** The generation of the library that the handles are of. */
  readonly generation: number
  /**
   * What is passed to C_Sign and what it fills. They belong to the session, since the thread that
   * signs has but their addresses: it may go on after the caller has left.
   */
  readonly digest: Buffer
  readonly signature: Buffer
}

/** Sessions that are opened when they are needed, and used again. @internal */
export interface Sessions {
  /**
   * Uses a session that nobody else uses meanwhile. After a failure it is closed, and so are the
   * idle ones: what befell one, a removed token, has mostly befallen all.
   */
  use<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T>
  /** Closes the idle ones. */
  drop(): void
  /** Closes all, those in use once they are not. No others are opened. */
  close(): void
}

/** @internal */
export interface SessionsOptions {
  /** The most sessions at a time. */
  readonly size: number
  open(signal: AbortSignal): Promise<Session>
  /** Never throws. */
  close(session: Session): void
  isUsable(session: Session): boolean
}

/** @internal */
export function createSessions({ size, open, close, isUsable }: SessionsOptions): Sessions {
  const slots = createSlots(size)
  const idle: Session[] = []
  let isClosed = false

  const drop = () => {
    for (const session of idle.splice(0)) close(session)
  }
  const takeIdle = (): Session | undefined => {
    const session = idle.pop()
    return session === undefined || isUsable(session) ? session : takeIdle()
  }

  const use: Sessions['use'] = async (work, signal) => {
    // Not given back before the work has ended, which may be after the caller has left
    await slots.take(signal)
    try {
      if (isClosed) throw closed()
      const session = takeIdle() ?? (await open(signal))
      try {
        const result = await work(session)
        idle.push(session)
        return result
      } catch (error) {
        close(session)
        drop()
        throw error
      }
    } finally {
      if (isClosed) drop()
      slots.release()
    }
  }

  return {
    use,
    drop,
    close() {
      isClosed = true
      drop()
    },
  }
}

function closed(): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_SIGNER_FAILED',
    'PKCS#11: expected a signer in use, got one that was closed. Create another with pkcs11Signer',
  )
}
