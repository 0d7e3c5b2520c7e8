import { OrgidAuthError } from '../errors.js'
import type { OrgidAuth } from '../interface.js'
import { authorizedDispatch, type Target } from './undici-dispatch.js'
import type { Dispatch } from './undici-types.js'

/** A dispatcher of whatever undici; all that is needed of it. */
interface Dispatcher {
  dispatch: Dispatch
}

/** A global dispatcher behind a wrapper. @internal */
export interface Wrap {
  /** What stands in its place. */
  readonly proxy: Dispatcher
  /** Makes the wrapper let everything through, and puts back what was there unless it was replaced. */
  takeOff(): boolean
}

// undici 7 keeps its dispatcher under both, and undici 8 under the second, with a wrapper of it for
// older ones under the first, which is the one that Node's fetch up to Node 24 looks at
const names = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) =>
  Symbol.for(name),
)
const globals = globalThis as unknown as Record<symbol, Dispatcher | undefined>

/** From a wrapper to what it wraps, and whether it still does anything. */
const wrapped = new WeakMap<object, { readonly target: Dispatcher; isActive: boolean }>()

/** Wraps each global dispatcher that is not `isWrapped` already. @internal */
export function wrapGlobalDispatchers(
  auth: OrgidAuth,
  isWrapped: (current: Dispatcher) => boolean,
): Wrap[] {
  // Node loads its undici when something of it is used, and with it the global dispatcher
  void new globalThis.Headers()
  const proxies = new Map<Dispatcher, Dispatcher>()
  const wraps: Wrap[] = []
  for (const name of names) {
    const target = globals[name]
    if (target === undefined || isWrapped(target)) continue
    const proxy = proxies.get(target) ?? wrap(target, auth)
    proxies.set(target, proxy)
    globals[name] = proxy
    wraps.push({ proxy, takeOff: () => takeOff(name, proxy) })
  }
  return wraps
}

/** Whether one of the wrappers is in use in a dispatcher. @internal */
export function isBeneath(dispatcher: Dispatcher, wraps: readonly Wrap[]): boolean {
  for (
    let layer: Dispatcher | undefined = dispatcher;
    layer !== undefined;
    layer = wrapped.get(layer)?.target
  ) {
    if (wraps.some(({ proxy }) => proxy === layer)) return true
  }
  return false
}

function takeOff(name: symbol, proxy: Dispatcher): boolean {
  const state = wrapped.get(proxy)
  if (state) state.isActive = false
  const current = globals[name]
  const isInPlace = current === proxy
  if (isInPlace) globals[name] = firstActive(proxy)
  return (
    isInPlace || (current !== undefined && isBeneath(current, [{ proxy, takeOff: () => true }]))
  )
}

/** What is behind a wrapper, without others that were taken off before. */
function firstActive(dispatcher: Dispatcher): Dispatcher {
  const state = wrapped.get(dispatcher)
  return state === undefined || state.isActive ? dispatcher : firstActive(state.target)
}

/**
 * The same dispatcher, but for `dispatch`. It stays the very object to its own methods, since its
 * private fields know no proxy; those that come down to a dispatch come down to ours.
 */
function wrap(target: Dispatcher, auth: OrgidAuth): Dispatcher {
  const state = { target, isActive: true }
  const untouched: Dispatch = (options, handler) => target.dispatch(options, handler)
  const authorized = authorizedDispatch(auth, untouched, targetOf(target))
  const dispatch: Dispatch = (options, handler) =>
    (state.isActive ? authorized : untouched)(options, handler)

  const methods = new WeakMap<object, unknown>()
  const proxy = new Proxy(target, {
    get(_target, key) {
      if (key === 'dispatch') return dispatch
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function' || key === 'constructor') return value
      if (!methods.has(value)) methods.set(value, bound(value as Method, dispatching.has(key)))
      return methods.get(value)
    },
    set: (_target, key, value) => Reflect.set(target, key, value, target),
  })
  const bound = (method: Method, isDispatching: boolean): Method =>
    function (this: unknown, ...details) {
      const self = this === proxy && !isDispatching ? target : this
      const result = Reflect.apply(method, self, details)
      return result === target ? proxy : result
    }
  wrapped.set(proxy, state)
  return proxy
}

type Method = (this: unknown, ...details: unknown[]) => unknown

/** Methods of undici's dispatchers that are made of `this.dispatch`. */
const dispatching: ReadonlySet<PropertyKey> = new Set([
  'compose',
  'connect',
  'pipeline',
  'request',
  'stream',
  'upgrade',
])

const proxyAgents = ['ProxyAgent', 'EnvHttpProxyAgent', 'Socks5ProxyAgent']

function targetOf(dispatcher: Dispatcher): Target {
  const classes = classesOf(dispatcher)
  const behind = classes.has('Dispatcher1Wrapper') ? globals[names[1] as symbol] : undefined
  if (behind !== undefined) for (const name of classesOf(behind)) classes.add(name)
  const isProxy = proxyAgents.some((name) => classes.has(name))
  const origin = classes.has('BalancedPool') ? null : originOf(dispatcher)
  return isProxy ? { origin, check: refusePlaintext } : { origin }
}

/** By name, since each undici has its own. */
function classesOf(dispatcher: object): Set<string> {
  const found = new Set<string>()
  for (
    let prototype: unknown = Object.getPrototypeOf(dispatcher);
    typeof prototype === 'object' && prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    found.add(String((prototype as { constructor?: { name?: unknown } }).constructor?.name))
  }
  return found
}

/** Where a Client or a Pool goes, whatever a request says; it keeps that under a symbol of its own. */
function originOf(dispatcher: object): string | undefined {
  const key = Object.getOwnPropertySymbols(dispatcher).find(
    ({ description }) => description === 'url',
  )
  const url: unknown = key && Reflect.get(dispatcher, key)
  return url instanceof URL ? url.origin : undefined
}

function refusePlaintext(url: string): void {
  const { protocol, origin } = new URL(url)
  if (protocol !== 'http:') return
  throw new OrgidAuthError(
    'ERR_PLAINTEXT_PROXY',
    `global dispatcher: expected no proxy for a request to ${origin} over http, got one that would read the token. Use https, which undici tunnels`,
  )
}
