import { AsyncResource } from 'node:async_hooks'
import { inspect } from 'node:util'
import type { CallOptions } from '../context.js'
import { parseDuration } from '../duration.js'
import { describe } from '../errors.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption } from '../options.js'
import { readCallOptions } from '../partners/call.js'
import { readClaims, readScope } from '../tokens/claims.js'
import { isLazy, isObject, isOwnPromise, isPlainObject, isPlatformObject } from './client-values.js'
import { bindNodeStream, bindWebStream, isNodeStream, isWebStream, type Run } from './streams.js'

/**
 * A view of an SDK client whose every method, getter and setter runs inside
 * `auth.run(options, …)`, so that the calls the SDK makes underneath get that partner, audience
 * and scope. The client itself is neither changed nor slowed, and may be wrapped several times
 * with different options, side by side.
 *
 * Wrapped as well, lazily and with the same options: objects and functions reached through
 * properties (`client.bookings.create()`), what a constructor or a method returns at once as a
 * class instance or function (`client.booking('42').cancel()`), and everything that makes its
 * calls later: promises, iterators, paginators, streams, and functions that a promise resolves to.
 * Anything else that it resolves to is data and is handed out as it is, and so are plain objects,
 * arrays and the platform's own classes. Where an SDK gives a client in that way, wrap that one too.
 *
 * The SDK's HTTP client has to carry tokens by itself (`attachAuth`, `withAuth`, `install`):
 * wrapping says which token, not that there is one. Of nested wraps and `auth.run`s the inner
 * one wins.
 *
 * @param client any object, class instance, class or function. Freeze it before, not after.
 * @param options `partner` names whom they are meant for; calls to anyone else ignore them.
 * @returns a proxy of the same type; `instanceof`, private fields and identity
 * (`wrapped.list === wrapped.list`) work as on the client.
 * @throws OrgidAuthError `ERR_INVALID_OPTION` if `client` is a primitive, `auth` is not of
 * `createOrgidAuth`, or token options come without `partner`; `ERR_UNKNOWN_PARTNER`,
 * `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`, `ERR_RESERVED_CLAIM`, `ERR_INVALID_DURATION`.
 *
 * @example
 * const hotels = wrapClient(new HotelsClient(), auth, { partner: 'hotels', scope: ['read'] })
 * for await (const booking of hotels.bookings.all()) console.log(booking.id)
 */
export function wrapClient<T extends object>(client: T, auth: OrgidAuth, options: CallOptions): T {
  internalsOf(auth)
  if (!isObject(client)) throw invalidOption('client', 'an object or a function', describe(client))
  const own = validated(auth, options)
  return wrapperFor((fn) => auth.run(own, fn))(client)
}

/** Refuses now what would fail on the first call, which may be far from the mistake. */
function validated(auth: OrgidAuth, options: CallOptions): CallOptions {
  const own = readCallOptions(options)
  auth.run(own, () => {})
  const { partner, scope, claims, lifetime } = own
  if (scope !== undefined) readScope(scope, 'options.scope')
  if (claims !== undefined) readClaims(claims, 'options.claims')
  if (lifetime !== undefined) parseDuration(lifetime, 'options.lifetime')
  // without a partner these would apply to nobody
  const idle = tokenOptions.find((name) => own[name] !== undefined)
  if (partner === undefined && idle !== undefined) {
    throw invalidOption('options.partner', `the partner whose ${idle} is set`, 'undefined')
  }
  return own
}

const tokenOptions = ['audience', 'scope', 'claims', 'lifetime', 'forceRefresh'] as const

/** What leads from an object to its type, where users compare identities. */
const typeKeys: ReadonlySet<PropertyKey> = new Set(['constructor', 'prototype', '__proto__'])

/** Not wrapped, since they go through the proxy's `then`, which takes care of their callbacks. */
const viaThen: ReadonlySet<unknown> = new Set([Promise.prototype.catch, Promise.prototype.finally])

/** One wrap: a function from the client's objects to their proxies, all running inside `run`. */
function wrapperFor(run: Run): <T extends object>(target: T) => T {
  const proxies = new WeakMap<object, object>() // the client's object -> what the user holds
  const targets = new WeakMap<object, object>() // proxy or shadow -> the client's object
  const thens = new WeakSet<object>() // functions reached as `then`
  const boundStreams = new WeakSet<object>()

  function targetOf<T>(value: T): T {
    return ((isObject(value) && targets.get(value)) || value) as T
  }

  function wrap<T extends object>(target: T): T {
    if (targets.has(target)) return target
    const known = proxies.get(target)
    if (known) return known as T
    const shadow = shadowOf(target)
    const proxy = new Proxy(shadow, handler)
    proxies.set(target, proxy)
    targets.set(proxy, target).set(shadow, target)
    return proxy as T
  }

  /** What reading a property gives. */
  function member(value: unknown, key: PropertyKey): unknown {
    if (!isObject(value) || typeKeys.has(key) || viaThen.has(value)) return value
    if (key === 'then' && typeof value === 'function') thens.add(value)
    return isPlatformObject(value) || isNodeStream(value) ? value : wrap(value)
  }

  /** What a call gives, at once or, `awaited`, by its promise. */
  function result(value: unknown, awaited = false): unknown {
    if (!isObject(value) || targets.has(value)) return value
    const known = proxies.get(value)
    if (known) return known
    if (isOwnPromise(value)) return value.then((settled) => result(settled, true))
    if (isNodeStream(value)) {
      if (!boundStreams.has(value)) bindNodeStream(value, run)
      boundStreams.add(value)
      return value
    }
    if (isWebStream(value)) {
      const bound = bindWebStream(value, run)
      proxies.set(value, bound)
      return bound
    }
    if (isLazy(value)) return wrap(value)
    // a function makes its calls later as well; of an object there is no telling, so it is data
    const isData = awaited && typeof value !== 'function'
    return isData || isPlainObject(value) || isPlatformObject(value) ? value : wrap(value)
  }

  /**
   * Proxies go back in as the objects the client knows, for the sake of its private fields.
   * Functions stay wrapped: as callbacks they may be called when no context is left.
   */
  const argument = (value: unknown) => (typeof value === 'function' ? value : targetOf(value))

  /** Callbacks given to `then`: the user's code, so they run in the user's context. */
  function callbacks([onFulfilled, ...rest]: readonly unknown[]): unknown[] {
    const fulfilled = (value: unknown) => {
      const settled = result(value, true)
      return typeof onFulfilled === 'function' ? onFulfilled(settled) : settled
    }
    return [fulfilled, ...rest].map((callback) =>
      typeof callback === 'function' ? AsyncResource.bind(callback as typeof fulfilled) : callback,
    )
  }

  // Private fields exist on the target alone, so methods and accessors get it as `this`.
  const handler: ProxyHandler<object> = {
    get(shadow, key, receiver) {
      const value = run(() => Reflect.get(targetOf(shadow), key, targetOf(receiver)))
      return member(value, key)
    },
    set(shadow, key, value, receiver) {
      return run(() => Reflect.set(targetOf(shadow), key, targetOf(value), targetOf(receiver)))
    },
    apply(shadow, self, args: unknown[]) {
      const method = targetOf(shadow) as (...args: unknown[]) => unknown
      const call = (given: unknown[]) => run(() => Reflect.apply(method, targetOf(self), given))
      return thens.has(method) ? call(callbacks(args)) : result(call(args.map(argument)))
    },
    construct(shadow, args: unknown[], newTarget) {
      const maker = targetOf(shadow) as new () => object
      const given = args.map(argument)
      const made = run(() => Reflect.construct(maker, given, targetOf(newTarget)))
      // a subclass installs its own private fields on what it gets here, so it gets the real one
      return targets.has(newTarget) && !isPlatformObject(made) ? wrap(made) : made
    },
    // The proxy stands over a shadow, not over the target: a proxy must report what is frozen
    // on its own target as it is (ECMA-262 10.5), and then no member of it could be wrapped.
    getOwnPropertyDescriptor(shadow, key) {
      const found = Reflect.getOwnPropertyDescriptor(targetOf(shadow), key)
      if (!found) return undefined
      const fields = ['value', 'get', 'set'] as const
      for (const field of fields) {
        if (field in found) found[field] = member(found[field], key) as undefined
      }
      return { ...found, configurable: true }
    },
    defineProperty(shadow, key, descriptor) {
      if (descriptor.configurable === false) return false
      const definition =
        'value' in descriptor ? { ...descriptor, value: targetOf(descriptor.value) } : descriptor
      return Reflect.defineProperty(targetOf(shadow), key, definition)
    },
    has: (shadow, key) => Reflect.has(targetOf(shadow), key),
    deleteProperty: (shadow, key) => Reflect.deleteProperty(targetOf(shadow), key),
    ownKeys: (shadow) => Reflect.ownKeys(targetOf(shadow)),
    getPrototypeOf: (shadow) => Reflect.getPrototypeOf(targetOf(shadow)),
    setPrototypeOf: (shadow, prototype) => Reflect.setPrototypeOf(targetOf(shadow), prototype),
    preventExtensions: () => false,
  }
  return wrap
}

/** An empty object, or a function that can be called and constructed, without `prototype`. */
function shadowOf(target: object): object {
  const shadow = typeof target === 'function' ? Object.bind(undefined) : {}
  // util.inspect looks past the traps, at the shadow
  return Object.defineProperty(shadow, inspect.custom, {
    value: (_depth: number, options: object, format: typeof inspect) => format(target, options),
    configurable: true,
  })
}
