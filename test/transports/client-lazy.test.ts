import { EventEmitter } from 'node:events'
import { request } from 'node:http'
import { Duplex, Readable, Transform } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { ReadableStream } from 'node:stream/web'
import { types } from 'node:util'
import { expect, test } from 'vitest'
import { wrapClient } from '../../src/transports/client.js'
import { auth, book, collect, HotelsClient, read, scope, tick } from './hotels-client.js'

test.each([
  ['a generator', (client: HotelsClient) => client.syncPages()],
  ['an async generator', (client: HotelsClient) => client.pages()],
  ['a paginator', (client: HotelsClient) => client.paginator()],
  ['a web stream', (client: HotelsClient) => client.webStream()],
])('every step of %s runs with the options', async (_name, pages) => {
  expect(await collect(pages(wrapClient(new HotelsClient(), auth, read)))).toEqual(['read', 'read'])
  expect(await collect(pages(new HotelsClient()))).toEqual(['none', 'none'])
})

test('leaving an async generator early runs its cleanup with the options', async () => {
  const ended: string[] = []
  const source = {
    async *pages() {
      try {
        yield 1
        yield 2
      } finally {
        ended.push(scope())
      }
    },
  }
  for await (const _page of wrapClient(source, auth, read).pages()) break
  expect(ended).toEqual(['read'])
})

test('a readable reads with the options while its consumer has none', async () => {
  const stream = wrapClient(new HotelsClient(), auth, read).readable()
  expect(await text(stream)).toBe('read read ')
  expect(await text(new HotelsClient().readable())).toBe('none none ')
})

test('a readable that the client keeps stays itself and is bound once per wrap', async () => {
  const stream = new HotelsClient().readable()
  const wrapped = wrapClient({ stream: () => stream, later: async () => stream }, auth, read)
  expect(wrapped.stream()).toBe(stream)
  const bound = stream._read
  expect(await wrapped.later()).toBe(stream)
  expect(stream._read).toBe(bound)
  expect(Object.keys(stream)).not.toContain('_read')
})

test('a writable writes and finishes with the options', async () => {
  const steps: string[] = []
  const upload = () =>
    new Duplex({
      read() {
        this.push(null)
      },
      write(_chunk, _encoding, done) {
        steps.push(`write ${scope()}`)
        done()
      },
      final(done) {
        steps.push(`final ${scope()}`)
        done()
      },
    })
  await pipeline(Readable.from(['a']), wrapClient({ upload }, auth, book).upload())
  expect(steps).toEqual(['write book', 'final book'])
})

test('a transform flushes once, with the options', async () => {
  const steps: string[] = []
  const gzip = () =>
    new Transform({
      transform(chunk, _encoding, done) {
        steps.push(`transform ${scope()}`)
        done(null, chunk)
      },
      flush(done) {
        steps.push(`flush ${scope()}`)
        done()
      },
    })
  const stream = wrapClient({ gzip }, auth, read).gzip()
  stream.end('a')
  expect(await text(stream)).toBe('a')
  expect(steps).toEqual(['transform read', 'flush read'])
})

test('a web stream does not read ahead of its reader', async () => {
  let pulls = 0
  const pages = () =>
    new ReadableStream(
      {
        pull(controller) {
          controller.enqueue(++pulls)
        },
      },
      { highWaterMark: 0 },
    )
  const reader = wrapClient({ pages }, auth, read).pages().getReader()
  expect(await reader.read()).toEqual({ done: false, value: 1 })
  await tick()
  expect(pulls).toBe(1)
})

test('a stream of another stream library is one by its state', () => {
  class Foreign extends EventEmitter {
    readonly _readableState = {}
    _read() {
      return scope()
    }
  }
  const stream = new Foreign()
  expect(wrapClient({ stream: () => stream }, auth, read).stream()).toBe(stream)
  expect(stream._read()).toBe('read')
})

test('a locked web stream and a legacy stream are handed out as they are', () => {
  const web = new ReadableStream()
  web.getReader()
  const sink = request('http://127.0.0.1:1', { agent: false }).on('error', () => {})
  const flush: unknown = Reflect.get(sink, '_flush')
  const client = wrapClient({ web: () => web, sink: () => sink }, auth, read)
  expect(client.web()).toBe(web)
  expect(client.sink()).toBe(sink)
  expect(Reflect.get(sink, '_flush')).toBe(flush)
  sink.destroy()
})

test('cancelling and failing pass through a web stream, with the options', async () => {
  const cancelled: unknown[] = []
  const client = wrapClient(
    {
      pages: () => new ReadableStream({ cancel: (why) => void cancelled.push(why, scope()) }),
      fails: () =>
        new ReadableStream({
          pull() {
            throw new RangeError(scope())
          },
        }),
    },
    auth,
    read,
  )
  await client.pages().cancel('enough')
  expect(cancelled).toEqual(['enough', 'read'])
  await expect(client.fails().getReader().read()).rejects.toThrow(new RangeError('read'))
})

test('a byte stream stays one', async () => {
  const bytes = () => {
    let left = 2
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (left-- > 0) controller.enqueue(new TextEncoder().encode(scope()))
        else {
          controller.close()
          controller.byobRequest?.respond(0)
        }
      },
    })
  }
  const reader = wrapClient({ bytes }, auth, read).bytes().getReader({ mode: 'byob' })
  const first = await reader.read(new Uint8Array(8))
  expect(Buffer.from(first.value ?? []).toString()).toBe('read')
  await reader.read(new Uint8Array(8))
  expect((await reader.read(new Uint8Array(8))).done).toBe(true)
})

test('a promise stays a promise, and one with methods keeps them', async () => {
  const cancellable = () => Object.assign(new Promise<never>(() => {}), { cancel: () => scope() })
  const client = wrapClient(new HotelsClient(), auth, read)
  expect(types.isPromise(client.later())).toBe(true)
  expect(wrapClient({ cancellable }, auth, read).cancellable().cancel()).toBe('read')
})

test('callbacks of a thenable run in the context of whoever gave them', async () => {
  class Query extends Promise<string> {}
  const query = () => new Query((_, reject) => reject(new RangeError(scope())))
  const client = wrapClient({ query }, auth, read)
  const fails = new RangeError('read')
  const scopes: string[] = []
  const note = () => void scopes.push(scope())
  await client.query().then(undefined, note)
  await client.query().catch(note)
  await expect(client.query().finally(note)).rejects.toThrow(fails)
  expect(scopes).toEqual(['none', 'none', 'none'])
})

test('a thenable with methods of its own keeps them, and its callbacks their own context', async () => {
  class Query extends Promise<AsyncIterable<string>> {
    async raw() {
      return scope()
    }
  }
  const pages = { [Symbol.asyncIterator]: () => new HotelsClient().pages() }
  const client = wrapClient({ query: () => new Query((resolve) => resolve(pages)) }, auth, read)
  expect(await client.query().raw()).toBe('read')
  expect(await collect(await client.query())).toEqual(['read', 'read'])
  expect(await client.query().then(() => scope())).toBe('none')
  expect(await client.query().finally(() => {})).not.toBe(pages)
  await expect(collect(await client.query().catch(() => []))).resolves.toEqual(['read', 'read'])
})
