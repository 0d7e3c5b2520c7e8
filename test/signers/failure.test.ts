import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { describeFailure } from '../../src/signers/failure.js'

const input = Buffer.from('eyJhbGciOiJFUzI1NksiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJkaWQ6b3JnaWQ6MHhhYSJ9')
const errorOf = (message: string, facts: object = {}) => Object.assign(new Error(message), facts)

describe('describeFailure', () => {
  it.each([
    [
      'name and message',
      errorOf('Rate exceeded', { name: 'Throttling' }),
      'Throttling: Rate exceeded',
    ],
    ['a code', errorOf('read', { code: 'ECONNRESET' }), 'ECONNRESET: read'],
    [
      'a status',
      errorOf('no', { name: 'RestError', code: 'Forbidden', statusCode: 403 }),
      'RestError, Forbidden, HTTP 403: no',
    ],
    [
      'AWS metadata',
      errorOf('x', { name: 'Denied', $metadata: { httpStatusCode: 400 } }),
      'Denied, HTTP 400: x',
    ],
    [
      'a gRPC code once',
      errorOf('14 UNAVAILABLE: gone', { code: 14 }),
      'an error: 14 UNAVAILABLE: gone',
    ],
    ['a name that is the code', errorOf('x', { name: 'Busy', code: 'Busy' }), 'Busy: x'],
    ['lines as one', errorOf('first\n  second'), 'an error: first second'],
    ['no message', errorOf('', { name: 'Busy' }), 'Busy'],
    ['nothing at all', {}, 'an error'],
    ['no error', 'a string with a secret', 'a thrown string'],
    ['null', null, 'a thrown object'],
  ])('tells %s', (_, error, told) => {
    expect(describeFailure(error, input)).toBe(told)
  })

  it('cuts what is long', () => {
    expect(describeFailure(errorOf('x'.repeat(1_000))).length).toBeLessThan(310)
  })

  it('reads no further than it shows', () => {
    const told = `an error: ${'x'.repeat(290)}…`
    expect(describeFailure(errorOf(`${'x'.repeat(400)} ${input}`), input)).toBe(told)
    const scanned = vi.spyOn(String.prototype, 'includes')
    try {
      describeFailure(errorOf('<p>bad gateway</p> '.repeat(10_000)), input)
      expect(scanned.mock.calls.length).toBeLessThan(10_000)
    } finally {
      scanned.mockRestore()
    }
  })

  it.each([
    ['as it is', input.toString()],
    ['a part of it', `Invalid value '…${input.toString().slice(30, 44)}'`],
    ['its end', `bad: ${input.toString().slice(-12)}`],
    ['in base64', input.toString('base64')],
    ['in base64, one byte on', Buffer.from(`"${input}`).toString('base64')],
    ['in base64, two bytes on', Buffer.from(`{"${input}`).toString('base64url')],
    ['in base64, in lines', (input.toString('base64').match(/.{1,10}/g) ?? []).join('\n')],
    ['in hex', `0x${input.toString('hex').slice(20, 40)}`],
    ['in capital hex', input.toString('hex').toUpperCase()],
    ['as a Buffer is shown', inspect(input)],
    ['as decimal bytes', JSON.stringify(input)],
    ['as an Uint8Array is shown', inspect(new Uint8Array(input))],
    ['from the last character shown on', `${'x'.repeat(289)}${input}`],
  ])('leaves out an error that quotes what was to be signed: %s', (_, text) => {
    const told = 'an error that is left out, since it quotes what was to be signed'
    expect(describeFailure(errorOf(text), input)).toBe(told)
    expect(describeFailure(errorOf('x', { name: text.slice(-50) }), input)).not.toContain(
      text.slice(-20),
    )
  })
})
