import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../support.js'
import { opensslIsMissing, pythonIsMissing } from '../tools.js'
import { makeKeyForms } from './keyForms.js'
import { judgeAll, libraryNames, partnerNames, type Verdict } from './libraries.js'
import { handmadeRows, mintedRows, type Row, table } from './matrix.js'

// `npm run interop` writes docs/interop.md anew; otherwise the run must give what is committed.
const document = '../../docs/interop.md'

const missing = [opensslIsMissing(), pythonIsMissing('ecdsa', 'jwt')].includes(true)
const names = [...libraryNames, ...partnerNames]

interface Judged {
  readonly rows: readonly Row[]
  readonly verdicts: readonly Readonly<Record<string, Verdict>>[]
}

describe.skipIf(missing)('the interop matrix', () => {
  let minted: Judged
  let good: Judged
  let bad: Judged
  let between: Judged
  beforeAll(async () => {
    const ofThisLibrary = await mintedRows(makeKeyForms())
    const now = Math.floor(Date.now() / 1_000)
    const handmade = handmadeRows(now)
    const groups = [ofThisLibrary, handmade.good, handmade.bad, handmade.between]
    const verdicts = await judgeAll(
      groups.flat().map(({ sent }) => sent),
      now,
    )
    let from = 0
    const judged = groups.map((rows): Judged => {
      from += rows.length
      return { rows, verdicts: verdicts.slice(from - rows.length, from) }
    })
    ;[minted, good, bad, between] = judged as [Judged, Judged, Judged, Judged]
  }, 120_000)

  const refusals = ({ rows, verdicts }: Judged, of: readonly string[], wanted: boolean) =>
    rows.flatMap(({ title, didForm }, index) =>
      of
        .filter((name) => verdicts[index]?.[name]?.accepted !== wanted)
        .map((name) => ({ title, didForm, name, verdict: verdicts[index]?.[name] })),
    )

  it('has every library accept the tokens of every form of key, with both forms of DID', () => {
    expect(minted.rows).toHaveLength(54)
    expect(refusals(minted, libraryNames, true)).toEqual([])
    expect(refusals(minted, ['current partner'], true)).toEqual([])
  })

  it('has every library read the same claims from them', () => {
    minted.rows.forEach(({ sent }, index) => {
      const { claims } = decode(sent.token)
      expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss'])
      for (const name of libraryNames)
        expect(minted.verdicts[index]?.[name]).toEqual({ accepted: true, claims })
    })
  })

  it('has the older partners refuse the DIDs with a chain, and no others', () => {
    const refused = refusals(minted, ['older partner'], true)
    expect(new Set(refused.map(({ didForm }) => didForm))).toEqual(new Set(['chain']))
    expect(refused).toHaveLength(minted.rows.length / 2)
  })

  it('has every one accept a token that was put together by hand', () => {
    expect(refusals(good, names, true)).toEqual([])
  })

  it('has every one refuse a token that is forged, altered, expired or for someone else', () => {
    expect(bad.rows).toHaveLength(18)
    expect(refusals(bad, names, false)).toEqual([])
  })

  it('has rows on which they differ', () => {
    between.rows.forEach(({ title }, index) => {
      const verdicts = names.map((name) => between.verdicts[index]?.[name]?.accepted)
      expect([title, new Set(verdicts).size]).toEqual([title, 2])
    })
  })

  it('is what docs/interop.md shows', async () => {
    const columns = (judged: Judged, ...heading: string[]) =>
      table(judged.rows, judged.verdicts, names, heading)
    await expect(`# Who accepts these tokens

<!-- Written by \`npm run interop\`; the tests compare it with what they find. Do not edit. -->

Each row is a token, each column a verifier that it was given to, with the sender's public key, the sender's \`iss\` and the receiver's \`aud\`. The keys come from OpenSSL, python-ecdsa and Node, new for each run; the public half reaches the verifiers as the ORG.JSON entries of \`orgJsonEntries\`.

| column | what it is |
| --- | --- |
| orgid-bearer | \`verifyToken\` of this library |
| org.id-auth | \`verifyAuthJWT\` of \`@windingtree/org.id-auth\` |
| jose 1, jose 2 | \`JWT.verify\`, with \`audience\`, \`issuer\` and \`typ\` |
| did-jwt | \`verifyJWT\`, with a resolver for the sender's document and no skew |
| python-ecdsa | the signature by \`VerifyingKey.verify\`, the claims as the protocol's document on verification has them for Python |
| PyJWT | \`jwt.decode\`, with \`audience\` and \`issuer\`, as Debian packages it |
| older partner | jose 2 within the code by which partners of 2020 find the key |
| current partner | org.id-auth within the code by which current partners find it |

A DID is \`short\` as in \`did:orgid:0x…\`, or has a \`chain\` as in \`did:orgid:137:0x…\`, in \`iss\` and \`aud\` alike.

## Tokens of this library

Every library accepts every one. The older partners' code knows no DID with a chain, whatever signs the token: configure the form that a partner writes of itself.

${columns(minted, 'key', 'DIDs')}

## Tokens that all accept

Put together by hand, for comparison.

${columns(good, 'token')}

## Tokens that all refuse

The same token, changed.

${columns(bad, 'token')}

## Tokens that only some accept

This is why the library's tokens look as they do: \`typ\` is always there, \`aud\` is one string, \`iat\` lies half a minute back, \`exp\` is always there, and \`nbf\` never is.

${columns(between, 'token')}
`).toMatchFileSnapshot(document)
  })
})
