import { expect, test } from 'vitest'
import type { CallOptions } from '../../src/context.js'
import { wrapClient } from '../../src/transports/client.js'
import {
  airDid,
  airUrl,
  auth,
  Bookings,
  book,
  claims,
  HotelsClient,
  hotelsDid,
  hotelsUrl,
  read,
  scope,
  supplierDid,
} from './hotels-client.js'

test('a sync method mints with the options of the wrap', () => {
  const client = new HotelsClient()
  expect(wrapClient(client, auth, read).sync()).toBe('read')
  expect(client.sync()).toBe('none')
})

test('an async method keeps the options across its awaits', async () => {
  const client = wrapClient(new HotelsClient(), auth, { ...read, audience: supplierDid })
  expect(await client.later()).toMatchObject({ aud: supplierDid, scope: 'read' })
})

test('options for one partner never reach a call to another', async () => {
  const client = wrapClient(new HotelsClient(), auth, { ...read, audience: supplierDid })
  const air = await client.later(airUrl)
  expect(air.aud).toBe(airDid)
  expect(air).not.toHaveProperty('scope')
})

test('options end with the call', async () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  const pending = client.later()
  expect(scope()).toBe('none')
  await pending
  expect(scope()).toBe('none')
})

test('inherited methods and calls to itself work with private fields', () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  expect(client.base()).toBe('https://api.hotels.example read')
  expect(client.twice()).toEqual(['read', 'https://api.hotels.example read'])
})

test('getters and setters run with the options and reach private fields', () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  client.current = 'set'
  expect(client.current).toBe('read 1')
  expect(client.seen).toEqual(['set read'])
})

test('what a method throws or rejects with is passed on', async () => {
  const client = wrapClient(new HotelsClient(), auth, read)
  expect(() => client.fails()).toThrow(new RangeError('read'))
  await expect(client.rejects()).rejects.toThrow(new RangeError('read'))
})

test('a sub-client is wrapped, one in a namespace too', async () => {
  const client = wrapClient(new HotelsClient(), auth, book)
  expect(await client.bookings.create()).toBe('new book')
  expect(await client.namespaces.v1.bookings.create()).toBe('v1 book')
  expect(client.bookings).toBe(client.bookings)
  expect(client.bookings).toBeInstanceOf(Bookings)
})

test('an instance that a method returns at once is wrapped, one from a promise is data', async () => {
  const client = wrapClient(new HotelsClient(), auth, book)
  expect(await client.booking('42').create()).toBe('42 book')
  expect(await (await client.data()).create()).toBe('data none')
})

test('a function client is called with the options and keeps its properties', async () => {
  const call = Object.assign(async (url: string) => claims(url), {
    defaults: { timeout: 1 },
    get: () => scope(),
  })
  const wrapped = wrapClient(call, auth, read)
  expect(await wrapped(hotelsUrl)).toMatchObject({ aud: hotelsDid, scope: 'read' })
  expect(wrapped.get()).toBe('read')
  wrapped.defaults.timeout = 2
  expect(call.defaults.timeout).toBe(2)
  expect(typeof wrapped).toBe('function')
})

test('two wraps of one client with different scopes do not mix', async () => {
  const client = new HotelsClient()
  const [reader, booker] = [wrapClient(client, auth, read), wrapClient(client, auth, book)]
  const calls = Array.from({ length: 20 }, (_, i) => (i % 2 ? booker : reader).later())
  const scopes = (await Promise.all(calls)).map((token) => token.scope)
  expect(scopes).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 'book' : 'read')))
})

test('of nested wraps and runs the inner one wins', () => {
  const inner = wrapClient(new HotelsClient(), auth, read)
  expect(wrapClient(inner, auth, book).sync()).toBe('read')
  expect(wrapClient({ sync: () => inner.sync() }, auth, book).sync()).toBe('read')
  expect(auth.run(book, () => inner.sync())).toBe('read')
  expect(wrapClient({ sync: () => auth.run(book, scope) }, auth, read).sync()).toBe('book')
})

test('inside one partner’s wrap, a wrap for another partner has its own options alone', async () => {
  const air = wrapClient({ claims: () => claims(airUrl) }, auth, { partner: 'air' })
  const hotels = wrapClient({ both: () => air.claims() }, auth, { ...read, audience: supplierDid })
  const token = await hotels.both()
  expect(token.aud).toBe(airDid)
  expect(token).not.toHaveProperty('scope')
})

test('options changed after wrapping change nothing', () => {
  const options = { partner: 'hotels', scope: 'read' }
  const client = wrapClient(new HotelsClient(), auth, options)
  options.scope = 'book'
  expect(client.sync()).toBe('read')
})

test.each([
  ['a primitive client', () => wrapClient('client' as never, auth, read), 'ERR_INVALID_OPTION'],
  ['no client', () => wrapClient(null as never, auth, read), 'ERR_INVALID_OPTION'],
  ['another auth', () => wrapClient({}, { run: () => {} } as never, read), 'ERR_INVALID_OPTION'],
  ['no options', () => wrapClient({}, auth, null as never), 'ERR_INVALID_OPTION'],
  ['an unknown option', () => wrap({ partners: 'hotels' }), 'ERR_INVALID_OPTION'],
  ['an option of another type', () => wrap({ partner: 'hotels', skip: 1 }), 'ERR_INVALID_OPTION'],
  ['a scope without a partner', () => wrap({ scope: ['read'] }), 'ERR_INVALID_OPTION'],
  ['an unknown partner', () => wrap({ partner: 'trains' }), 'ERR_UNKNOWN_PARTNER'],
  ['a bad scope', () => wrap({ partner: 'hotels', scope: ['a"b'] }), 'ERR_INVALID_SCOPE'],
  ['a bad claim', () => wrap({ partner: 'hotels', claims: { x: () => {} } }), 'ERR_INVALID_CLAIM'],
  [
    'a reserved claim',
    () => wrap({ partner: 'hotels', claims: { iss: 'x' } }),
    'ERR_RESERVED_CLAIM',
  ],
  ['a bad lifetime', () => wrap({ partner: 'hotels', lifetime: 'long' }), 'ERR_INVALID_DURATION'],
])('%s is refused at once', (_name, wrapping, code) => {
  expect(wrapping).toThrow(expect.objectContaining({ code }))
})

function wrap(options: object) {
  return wrapClient({}, auth, options as CallOptions)
}
