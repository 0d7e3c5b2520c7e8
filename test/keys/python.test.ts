import { execFileSync } from 'node:child_process'
import { verify } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPrivateKey } from '../../src/keys/load.js'
import { python, pythonArgs, pythonIsMissing } from '../tools.js'
import { body, expectKeyOrRefusal, expectLoads, expectRefused, mangled } from './expectations.js'

interface Samples {
  readonly keys: Readonly<Record<string, Forms>>
  readonly refused: Readonly<Record<string, string>>
  readonly others: Readonly<Record<string, string>>
  readonly message: string
  readonly signatures: Readonly<Record<string, string>>
}

interface Forms {
  readonly d: string
  readonly pem: Readonly<Record<string, string>>
  readonly printed: Readonly<Record<string, string>>
  readonly der: readonly string[]
  readonly derHex: string
  readonly hex: string
  readonly number: string
}

describe.skipIf(pythonIsMissing('ecdsa'))('a key made by python-ecdsa', () => {
  let samples: Samples
  beforeAll(() => {
    const script = fileURLToPath(new URL('make_keys.py', import.meta.url))
    samples = JSON.parse(execFileSync(python, [...pythonArgs, script], { encoding: 'utf8' }))
  })
  const each = () => Object.entries(samples.keys)

  it('loads from to_pem(), named and explicit, SEC1 and PKCS#8, mangled and as a bare body', () => {
    expect(Object.keys(samples.keys)).toEqual(['generated', 'of the number 1'])
    for (const [, { pem, d }] of each()) {
      expect(Object.keys(pem)).toHaveLength(5)
      for (const text of Object.values(pem)) {
        for (const mangle of Object.values(mangled)) expectLoads(mangle(text), d)
        expectLoads(body(text), d)
      }
    }
  })

  it('carries tokens that verify, from each of these forms', async () => {
    for (const [, { pem }] of each())
      for (const text of Object.values(pem)) expect(await expectKeyOrRefusal(text)).toBe(true)
  })

  it('loads from to_pem() as Python prints bytes', () => {
    for (const [, { printed, d }] of each())
      for (const text of Object.values(printed)) {
        expect(text).toMatch(/^b'-----BEGIN .*\\n'$/)
        expectLoads(text, d)
      }
  })

  it('loads from the base64 of to_der()', () => {
    for (const [, { der, d }] of each()) for (const text of der) expectLoads(text, d)
  })

  it('loads from to_string().hex(), and is refused as the hex of to_der()', () => {
    for (const [, { hex, derHex, d }] of each()) {
      expectLoads(hex, d)
      expectLoads(`0x${hex}`, d)
      expectRefused(derHex, 'ERR_INVALID_KEY', /hex digits\. A private key has 64/)
    }
  })

  it('is refused as a number that lost the zeros in front', () => {
    const { number } = samples.keys['of the number 1'] as Forms
    expectRefused(number, 'ERR_INVALID_KEY', /got 1 hex digits\. A private key has 64/)
  })

  it('is refused where it is the public half', () => {
    const { 'public hex': hex, ...rest } = samples.refused
    expect(Object.keys(rest)).toHaveLength(3)
    for (const text of Object.values(rest))
      expectRefused(text, 'ERR_PUBLIC_KEY', /public one belongs in ORG\.JSON/)
    expectRefused(hex, 'ERR_INVALID_KEY', /got 128 hex digits/)
  })

  it('is refused on any other curve, named or explicit', () => {
    expect(Object.keys(samples.others)).toHaveLength(8)
    for (const text of Object.values(samples.others))
      expectRefused(text, 'ERR_KEY_CURVE', /Generate one with: openssl ecparam -name secp256k1/)
  })

  it('has signatures that verify with the key as it is loaded here', () => {
    const { keys, signatures, message } = samples
    const { publicKey } = loadPrivateKey((keys.generated as Forms).hex)
    const verdicts = Object.entries(signatures).map(([name, signature]) => [
      name,
      verify(
        'sha256',
        Buffer.from(message),
        { key: publicKey, dsaEncoding: name === 'DER' ? 'der' : 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    ])
    expect(Object.fromEntries(verdicts)).toEqual({ string: true, 'string, low-S': true, DER: true })
  })
})
