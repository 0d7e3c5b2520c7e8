import { describe, expect, it } from 'vitest'
import { judgeByAll } from '../../src/cli/acceptance.js'
import { createOrgidAuth } from '../../src/index.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { newKey } from '../support.js'
import { issuer, own, partnerDid } from './command.js'

describe('what the known kinds of partner would say', () => {
  const { pem: key, publicKey } = newKey()
  const partners = [{ name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example' }]
  const auth = createOrgidAuth({ issuer, key, partners })
  const entries = orgJsonEntries(issuer, publicKey)
  const [{ publicKeyPem: bare, ...entry }] = entries.publicKey
  const lines = publicKey.export({ format: 'pem', type: 'spki' }) as string

  it.each([
    ['bare base64', bare, undefined],
    ['a PEM of several lines', lines, undefined],
    ['a PEM flattened to one line', lines.replaceAll('\n', ''), /publicKeyPem is not a secp256k1/],
    ['another id', undefined, /no publicKey in ORG\.JSON/],
  ])('depends on the publicKeyPem: %s', async (_name, publicKeyPem, reason) => {
    const { value } = await auth.token('hotels')
    const older =
      publicKeyPem === undefined ? { ...entry, id: `${own}#a` } : { ...entry, publicKeyPem }
    const keys = { orgJson: { ...entries, publicKey: [older] } }
    const verdicts = judgeByAll(value, { keys, now: Date.now() / 1_000 })
    const refusal = { accepted: false, reason: expect.stringMatching(reason ?? '') }
    const expected = reason === undefined ? { accepted: true } : refusal
    expect(verdicts).toEqual([
      { kind: 'older', ...expected },
      { kind: 'python', ...expected },
      { kind: 'current', accepted: true },
    ])
  })
})
