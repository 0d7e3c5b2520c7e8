import type { Pkcs11Module } from 'orgid-bearer/signers/pkcs11'
import type { Pkcs11 } from './softhsm.js'

type Name = keyof Pkcs11Module
type Arguments<N extends Name> = Required<Parameters<Pkcs11Module[N]>>
/** Comes between the signer and the module; `next` makes the call. */
type Between<N extends Name> = (
  next: (...args: Arguments<N>) => ReturnType<Pkcs11Module[N]>,
  ...args: Arguments<N>
) => ReturnType<Pkcs11Module[N]>

/** A module whose calls are counted, and can be made to fail. */
export interface WatchedPkcs11 {
  readonly pkcs11: Pkcs11Module
  count(name: Name): number
  /** Sessions that are open now, and the most that ever were. */
  readonly sessions: { readonly open: number; readonly most: number }
  /** The most calls of C_SignAsync at once. */
  readonly mostSigning: number
  between<N extends Name>(name: N, between: Between<N> | undefined): void
  /** Makes the next call fail as pkcs11js reports it. */
  failOnce(name: Name, code: number): void
}

/**
 * SoftHSM does not count sessions (C_GetTokenInfo says CK_UNAVAILABLE_INFORMATION), and does not
 * fail at will.
 */
export function watchPkcs11(real: Pkcs11): WatchedPkcs11 {
  const counts = new Map<Name, number>()
  const betweens = new Map<Name, unknown>()
  const opened = new Map<string, Buffer>()
  let [most, signing, mostSigning] = [0, 0, 0]

  const isOpen = (session: Buffer) => {
    try {
      return real.C_GetSessionInfo(session) !== undefined
    } catch {
      return false // closed by somebody else
    }
  }
  const countOpen = () => [...opened.values()].filter(isOpen).length
  const after = (name: Name, args: readonly unknown[], result: unknown) => {
    if (name === 'C_OpenSession') opened.set((result as Buffer).toString('hex'), result as Buffer)
    if (name === 'C_CloseSession') opened.delete((args[0] as Buffer).toString('hex'))
    if (name === 'C_Finalize') opened.clear()
    if (name === 'C_OpenSession') most = Math.max(most, countOpen())
    if (name !== 'C_SignAsync') return
    signing += 1
    mostSigning = Math.max(mostSigning, signing)
    const done = () => {
      signing -= 1
    }
    ;(result as Promise<Buffer>).then(done, done)
  }
  const call = (name: Name, ...args: unknown[]) => {
    const result = (real[name] as (...args: unknown[]) => unknown).apply(real, args)
    after(name, args, result)
    return result
  }
  const pkcs11 = new Proxy(real, {
    get: (_, name: Name) =>
      typeof real[name] !== 'function'
        ? real[name]
        : (...args: unknown[]) => {
            counts.set(name, (counts.get(name) ?? 0) + 1)
            const next = (...changed: unknown[]) => call(name, ...changed)
            const between = betweens.get(name) as ((...args: unknown[]) => unknown) | undefined
            return between === undefined ? next(...args) : between(next, ...args)
          },
  })

  const between: WatchedPkcs11['between'] = (name, to) => {
    if (to === undefined) betweens.delete(name)
    else betweens.set(name, to)
  }
  return {
    pkcs11,
    count: (name) => counts.get(name) ?? 0,
    sessions: {
      get open() {
        return countOpen()
      },
      get most() {
        return most
      },
    },
    get mostSigning() {
      return mostSigning
    },
    between,
    failOnce: (name, code) =>
      between(name, () => {
        between(name, undefined)
        const error = pkcs11Error(code)
        if (name === 'C_SignAsync') return Promise.reject(error) as never
        throw error
      }),
  }
}

/** As pkcs11js makes them. */
export function pkcs11Error(code: number): Error {
  const error = new Error(`CKR_0x${code.toString(16)}`)
  return Object.assign(error, { name: 'Pkcs11Error', code, method: '', nativeStack: '' })
}
