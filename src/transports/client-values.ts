import { KeyObject } from 'node:crypto'
import { types } from 'node:util'

/** @internal */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Made by `{}` or without a prototype, so it holds data or namespaces things. @internal */
export function isPlainObject(value: object): boolean {
  if (typeof value === 'function') return false
  const prototype = Reflect.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/**
 * An instance of one of the platform's classes, or of a subclass: Date, Map, Error, Promise,
 * AbortSignal, Response, KeyObject… They keep their state in internal slots, and the platform
 * accepts no proxy in their place.
 *
 * @internal
 */
export function isPlatformObject(value: object): boolean {
  if (typeof value === 'function') return false
  // types.isKeyObject asks for a property, and there are clients that answer to every name
  if (Array.isArray(value) || types.isNativeError(value) || value instanceof KeyObject) return true
  for (
    let prototype = Reflect.getPrototypeOf(value);
    prototype !== null && prototype !== Object.prototype;
    prototype = Reflect.getPrototypeOf(prototype)
  ) {
    if (prototype !== EventTarget.prototype && isPlatformPrototype(prototype)) return true
  }
  return false
}

// By name, since enumerating the globals would load every lazy one of them. EventTarget is left
// out above: it is a base class that SDKs extend, as they do EventEmitter.
function isPlatformPrototype(prototype: object): boolean {
  const maker: unknown = Reflect.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return (
    typeof maker === 'function' &&
    maker.name !== '' &&
    Reflect.get(globalThis, maker.name) === maker
  )
}

/**
 * A promise and nothing more, so that `then` keeps all there is to it. A subclass, or a promise
 * with methods put on it, is proxied instead.
 *
 * @internal
 */
export function isOwnPromise(value: object): value is Promise<unknown> {
  return (
    types.isPromise(value) &&
    Reflect.getPrototypeOf(value) === Promise.prototype &&
    // names only: before Node 24 AsyncLocalStorage keeps its stores under symbols on the promise
    Object.getOwnPropertyNames(value).length === 0
  )
}

/** A thenable, an iterator or an async iterable: makes its calls when it is consumed. @internal */
export function isLazy(value: object): boolean {
  return ['then', 'next', Symbol.asyncIterator].some(
    // `in` first: a client that makes a member of every name it is asked for would keep these
    (key) => key in value && typeof Reflect.get(value, key) === 'function',
  )
}
