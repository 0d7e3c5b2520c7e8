import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { judge, judgeAuthorization, type PartnerProfile } from '../../src/testing/index.js'
import {
  caller,
  chainCaller,
  chainPartner,
  corpus,
  goodClaims,
  now,
  organizations,
  partner,
} from '../interop/corpus.js'
import { callerKey, signToken } from '../interop/tokens.js'

const profiles: readonly PartnerProfile[] = ['older', 'current']
const publicKey = createPublicKey(callerKey)
const rules = { did: partner, keys: { orgJson: organizations }, now }
const good = signToken({ claims: goodClaims })
const from = (iss: string) => signToken({ claims: { ...goodClaims, iss } })

describe.each(profiles)('the %s profile', (profile) => {
  it('gives the claims of a token that it accepts', () => {
    expect(judge(profile, good, rules)).toEqual({ accepted: true, claims: goodClaims })
  })

  it.each(corpus.filter(({ accepted }) => !accepted[profile]))(
    'says why it refuses, in words of its own: $title',
    ({ token, audience, requiredScope }) => {
      const verdict = judge(profile, token, {
        ...rules,
        did: audience,
        ...(requiredScope && { requiredScope }),
      })
      expect(verdict).toEqual({
        accepted: false,
        reason: expect.stringMatching(/^[\w :;,.'-]{8,120}$/),
      })
      for (const part of token.split('.').filter(({ length }) => length > 8)) {
        expect(JSON.stringify(verdict)).not.toContain(part)
      }
    },
  )

  it('judges by the clock it is given, to the second', () => {
    const { exp } = goodClaims
    expect(judge(profile, good, { ...rules, now: exp - 0.5 }).accepted).toBe(true)
    expect(judge(profile, good, { ...rules, now: exp }).accepted).toBe(false)
  })

  it('counts whole seconds, as the real verifiers do', () => {
    const token = signToken({ claims: { ...goodClaims, exp: now + 0.5 } })
    expect(judge(profile, token, { ...rules, now: now + 0.7 }).accepted).toBe(true)
  })

  it('reads what orgJsonEntries writes, without a document around it', () => {
    const entries = orgJsonEntries(`${caller}#webserver`, publicKey)
    const keys = { orgJson: entries }
    expect(judge(profile, good, { ...rules, keys }).accepted).toBe(true)
    expect(judge(profile, from(`${partner}#webserver`), { ...rules, keys }).accepted).toBe(false)
    expect(judge(profile, from(`${caller}#key1`), { ...rules, keys }).accepted).toBe(false)
  })

  it('reads several documents of one DID as one, such as two keys of a rotation', () => {
    const orgJson = ['webserver', 'second'].map((id) =>
      orgJsonEntries(`${caller}#${id}`, publicKey),
    )
    for (const fragment of ['webserver', 'second']) {
      const verdict = judge(profile, from(`${caller}#${fragment}`), { ...rules, keys: { orgJson } })
      expect(verdict.accepted).toBe(true)
    }
    expect(judge(profile, from(`${caller}#third`), { ...rules, keys: { orgJson } }).accepted).toBe(
      false,
    )
  })

  it('finds no key in documents without any', () => {
    expect(judge(profile, good, { ...rules, keys: { orgJson: [] } }).accepted).toBe(false)
    expect(judge(profile, good, { ...rules, keys: { orgJson: { id: caller } } }).accepted).toBe(
      false,
    )
    expect(judge(profile, good, { ...rules, keys: { orgJson: {} } }).accepted).toBe(false)
  })

  it('takes the header Bearer, one space, token, and no other', () => {
    expect(judgeAuthorization(profile, `Bearer ${good}`, rules).accepted).toBe(true)
    for (const header of [
      undefined,
      '',
      good,
      'Bearer',
      `bearer ${good}`,
      `Bearer  ${good}`,
      `Bearer\t${good}`,
      `Bearer ${good} x`,
      `Basic ${good}`,
    ]) {
      expect(judgeAuthorization(profile, header, rules)).toMatchObject({ accepted: false })
    }
  })

  it('takes one key for every issuer whose DID it can read', () => {
    const everybody = { ...rules, keys: { publicKey } }
    expect(judge(profile, from(`${caller}#webserver`), everybody).accepted).toBe(true)
    expect(judge(profile, from(`did:orgid:0x${'12'.repeat(32)}#key7`), everybody).accepted).toBe(
      true,
    )
    expect(judge(profile, from(caller), everybody).accepted).toBe(false)
    expect(judge(profile, from('did:orgid:0x12#x'), everybody).accepted).toBe(false)
    expect(judge(profile, from(`${caller}#key.1`), everybody).accepted).toBe(false)
  })
})

describe('the older and the current profile', () => {
  const everybody = { ...rules, keys: { publicKey } }

  it('differ in the fragments they can read', () => {
    const verdicts = (fragment: string) =>
      profiles.map((profile) => judge(profile, from(`${caller}#${fragment}`), everybody).accepted)
    expect(verdicts('key1')).toEqual([true, true])
    expect(verdicts('key-1')).toEqual([false, true])
    expect(verdicts('key_1')).toEqual([true, false])
  })

  it('take no private key for a public one, be its number so long that Node ends on it', () => {
    const tooLong = Buffer.from(`302f020101042101${'11'.repeat(32)}a00706052b8104000a`, 'hex')
    const pem = `-----BEGIN EC PRIVATE KEY-----\n${tooLong.toString('base64')}\n-----END EC PRIVATE KEY-----\nPUBLIC KEY`
    const entries = orgJsonEntries(`${caller}#webserver`, publicKey)
    const [older, current] = [entries.publicKey[0], entries.verificationMethod[0]]
    const jwk = { ...current.publicKeyJwk, d: tooLong.toString('base64url') }
    const orgJson = {
      publicKey: [{ ...older, publicKeyPem: pem }],
      verificationMethod: [{ ...current, publicKeyJwk: jwk }],
    }
    for (const profile of profiles) {
      expect(judge(profile, good, { ...rules, keys: { orgJson } }).accepted).toBe(false)
    }
  })

  it('differ in the form of DID they know', () => {
    const token = signToken({
      claims: { ...goodClaims, iss: `${chainCaller}#k`, aud: chainPartner },
    })
    const verdicts = profiles.map(
      (profile) => judge(profile, token, { ...everybody, did: chainPartner }).accepted,
    )
    expect(verdicts).toEqual([false, true])
  })
})
