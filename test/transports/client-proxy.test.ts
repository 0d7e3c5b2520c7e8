import { generateKeyPairSync } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { wrapClient } from '../../src/transports/client.js'
import { auth, book, HotelsClient, hotelsUrl, read, scope } from './hotels-client.js'

test('a property that is set lands on the client', () => {
  const client = new HotelsClient()
  const wrapped = wrapClient(client, auth, read)
  wrapped.label = 'changed'
  expect(client.label).toBe('changed')
  expect(Reflect.deleteProperty(wrapped, 'label')).toBe(true)
  expect('label' in client).toBe(false)
})

test('a method that returns the client returns the wrapped one', async () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  expect(client.connect()).toBe(client)
  expect(await client.connectLater()).toBe(client)
  expect(client.connect().sync()).toBe('read')
})

test('the client gets itself back where it is passed the wrapped one', () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  expect(client.isSame(client)).toBe(true)
  expect(client.isSame(wrapClient(new HotelsClient(), auth, read))).toBe(false)
})

test('methods keep their identity, and bound, called and detached ones their options', () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  const { sync } = client
  expect(client.sync).toBe(sync)
  expect(sync()).toBe('read')
  expect(client.base.bind(client)()).toBe('https://api.hotels.example read')
  expect(client.base.call(client)).toBe('https://api.hotels.example read')
  expect(sync.name).toBe('sync')
})

test('built-in objects and data are handed out as they are', () => {
  const data = {
    date: new Date(0),
    map: new Map([[1, 2]]),
    list: [{}],
    bytes: new Uint8Array(1),
    error: new RangeError('x'),
    pattern: /x/,
    url: new URL(hotelsUrl),
    headers: new Headers(),
    signal: new AbortController().signal,
    promise: Promise.resolve(1),
    stream: Readable.from([]),
    web: new ReadableStream(),
    key: generateKeyPairSync('ed25519').privateKey,
    response: new Response('x'),
  }
  const wrapped = wrapClient(data, auth, read)
  for (const key of Object.keys(data) as (keyof typeof data)[]) {
    expect(Object.is(wrapped[key], data[key]), key).toBe(true)
  }
  const calls = wrapClient({ plain: () => data, list: () => data.list }, auth, read)
  expect(Object.is(calls.plain(), data)).toBe(true)
  expect(Object.is(calls.list(), data.list)).toBe(true)
})

test('a client that extends EventTarget or EventEmitter is a client', () => {
  class Target extends EventTarget {
    sync = () => scope()
  }
  class Emitter extends EventEmitter {
    sync = () => scope()
  }
  const client = wrapClient({ target: new Target(), emitter: new Emitter() }, auth, read)
  expect(client.target.sync()).toBe('read')
  expect(client.emitter.on('x', () => {})).toBe(client.emitter)
  expect(client.emitter.sync()).toBe('read')
})

test('a class is wrapped with its statics, its constructor and its instances', async () => {
  const Wrapped = wrapClient(HotelsClient, auth, read)
  const client = new Wrapped()
  expect(Wrapped.now()).toBe('read')
  expect(client).toBeInstanceOf(HotelsClient)
  expect(client).toBeInstanceOf(Wrapped)
  expect(client.base()).toBe('https://api.hotels.example read')
  expect(client.constructor).toBe(HotelsClient)
})

test('a subclass of a wrapped class has its own private fields', () => {
  class Mine extends wrapClient(HotelsClient, auth, read) {
    readonly #mine = 'mine'
    mine() {
      return `${this.#mine} ${this.base()}`
    }
  }
  expect(new Mine().mine()).toBe('mine https://api.hotels.example none')
  expect(wrapClient(new Mine(), auth, book).mine()).toBe('mine https://api.hotels.example book')
})

test('a frozen client is wrapped like any other', () => {
  const client = Object.freeze({ sync: () => scope(), sub: Object.freeze({ sync: () => scope() }) })
  const wrapped = wrapClient(client, auth, read)
  expect(wrapped.sync()).toBe('read')
  expect(wrapped.sub.sync()).toBe('read')
  expect(Reflect.set(wrapped, 'sync', 1)).toBe(false)
  expect(Object.getOwnPropertyDescriptor(wrapped, 'sync')?.value).toBe(wrapped.sync)
})

test('a wrapped client is inspected, listed, spread and serialised as the client is', () => {
  const client = new HotelsClient()
  const wrapped = wrapClient(client, auth, read)
  expect(inspect(wrapped)).toBe(inspect(client))
  expect(inspect(wrapped, { showProxy: true })).toContain('Proxy')
  expect(inspect(wrapped.sync)).toBe('[Function: sync]')
  expect(JSON.stringify(wrapped)).toBe(JSON.stringify(client))
  expect(Object.keys(wrapped)).toEqual(Object.keys(client))
  expect(Object.keys({ ...wrapped })).toEqual(Object.keys(client))
  expect(Object.entries(Object.getOwnPropertyDescriptors(wrapped))).toHaveLength(5)
})

test('freezing the wrapped client is refused and leaves the client as it was', () => {
  const client = new HotelsClient()
  const wrapped = wrapClient(client, auth, read)
  expect(() => Object.freeze(wrapped)).toThrow(TypeError)
  expect(Object.keys(wrapped)).toEqual(Object.keys(client))
  expect(Reflect.defineProperty(wrapped, 'x', { value: 1, configurable: false })).toBe(false)
  expect(Object.isFrozen(client)).toBe(false)
  expect(client).not.toHaveProperty('x')
})

test('properties defined on the wrapped client land on the client', () => {
  const client: { extra?: number } = {}
  const wrapped = wrapClient(client, auth, read)
  Object.defineProperty(wrapped, 'extra', { value: 1 })
  expect(client.extra).toBe(1)
  Object.setPrototypeOf(wrapped, HotelsClient.prototype)
  expect(client).toBeInstanceOf(HotelsClient)
})
