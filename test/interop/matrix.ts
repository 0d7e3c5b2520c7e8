import { createHmac, createPublicKey, type KeyObject } from 'node:crypto'
import { createOrgidAuth } from '../../src/index.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { did } from '../support.js'
import type { KeyForm } from './keyForms.js'
import type { Sent, Verdict } from './libraries.js'
import { callerKey, encode, otherKey, signToken, spki, withS } from './tokens.js'

/** A row of the tables, and the token that it stands for. */
export interface Row {
  readonly title: string
  readonly didForm: 'short' | 'chain'
  readonly sent: Sent
}

const dids = {
  short: { own: did('a'), partner: did('b'), other: did('c') },
  chain: {
    own: did('a').replace('orgid:', 'orgid:137:'),
    partner: did('b').replace('orgid:', 'orgid:137:'),
    other: did('c').replace('orgid:', 'orgid:137:'),
  },
} as const

function sentTo(token: string, publicKey: KeyObject, { own, partner } = dids.short as Dids): Sent {
  const issuer = `${own}#webserver`
  const organization = { id: own, ...orgJsonEntries(issuer, publicKey) }
  return { token, issuer, audience: partner, organization }
}

type Dids = (typeof dids)['short' | 'chain']

/** A token of this library for each form of key and each form of DID. */
export async function mintedRows(forms: readonly KeyForm[]): Promise<Row[]> {
  const rows = forms.flatMap(({ name, key, publicKey }) =>
    (['short', 'chain'] as const).map(async (didForm): Promise<Row> => {
      const { own, partner } = dids[didForm]
      const auth = createOrgidAuth({
        issuer: `${own}#webserver`,
        key,
        partners: [{ name: 'partner', did: partner, origin: 'https://partner.example' }],
      })
      const { value } = await auth.token('partner')
      return { title: name, didForm, sent: sentTo(value, publicKey, dids[didForm]) }
    }),
  )
  return Promise.all(rows)
}

/** Tokens put together by hand, so that it shows what makes a verifier refuse. */
export function handmadeRows(now: number): Readonly<Record<'good' | 'bad' | 'between', Row[]>> {
  const { own, partner, other } = dids.short
  const claims = { iss: `${own}#webserver`, aud: partner, iat: now - 30, exp: now + 3_600 }
  const good = signToken({ claims })
  const [head, payload, signature] = good.split('.') as [string, string, string]
  const row = (title: string, token: string): Row => ({
    title,
    didForm: 'short',
    sent: sentTo(token, createPublicKey(callerKey)),
  })
  const changed = (title: string, changes: object) =>
    row(title, signToken({ claims: { ...claims, ...changes } }))
  const header = (title: string, changes: object) =>
    row(title, signToken({ header: { alg: 'ES256K', typ: 'JWT', ...changes }, claims }))
  const hmac = (secret: string | Buffer) => {
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${payload}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  const flipped = (bytes: Buffer) => {
    const copy = Buffer.from(bytes)
    copy.writeUInt8(copy.readUInt8(40) ^ 1, 40)
    return copy
  }
  return {
    good: [
      row('unchanged', good),
      row('signature with a low S', signToken({ claims, tamper: withS('low') })),
      row('signature with a high S', signToken({ claims, tamper: withS('high') })),
      header('with a `kid`', { kid: 'webserver' }),
      header('`typ` in lower case', { typ: 'jwt' }),
      changed('`exp` with a fraction', { exp: now + 3_600.5 }),
    ],
    bad: [
      row('signed with another key', signToken({ claims, key: otherKey })),
      row('claims changed afterwards', `${head}.${encode({ ...claims, x: 1 })}.${signature}`),
      row(
        'header changed afterwards',
        `${encode({ alg: 'ES256K', typ: 'jwt' })}.${payload}.${signature}`,
      ),
      row('one bit of the signature changed', signToken({ claims, tamper: flipped })),
      row('signature cut', good.slice(0, -2)),
      row('signature empty', `${head}.${payload}.`),
      row('signature of zeros', signToken({ claims, tamper: () => Buffer.alloc(64) })),
      row('signature in DER', signToken({ claims, dsaEncoding: 'der' })),
      row('`alg` none', `${encode({ alg: 'none', typ: 'JWT' })}.${payload}.`),
      row('HS256 with the public key as the secret', hmac(spki(callerKey))),
      changed('for another partner', { aud: other }),
      changed('`aud` with a fragment', { aud: `${partner}#webserver` }),
      changed('`aud` in capitals', { aud: `did:orgid:0x${'B'.repeat(64)}` }),
      changed('`aud` without `did:orgid:`', { aud: partner.slice('did:orgid:'.length) }),
      changed('of another issuer', { iss: `${other}#webserver` }),
      changed('of another key of the issuer', { iss: `${own}#nobody` }),
      changed('expired a minute ago', { exp: now - 60 }),
      changed('valid in an hour (`nbf`)', { nbf: now + 3_600 }),
    ],
    between: [
      header('no `typ`', { typ: undefined }),
      header('`typ` of another kind', { typ: 'at+jwt' }),
      changed('`iat` in this very second', { iat: now }),
      changed('`iat` in milliseconds', { iat: now * 1_000 }),
      changed('no `iat`', { iat: undefined }),
      changed('no `exp`', { exp: undefined }),
      changed('`exp` as text', { exp: `${now + 3_600}` }),
      changed('no `aud`', { aud: undefined }),
      changed('`aud` as an array', { aud: [partner] }),
      changed('`nbf` in this very second', { nbf: now }),
    ],
  }
}

type Verdicts = Readonly<Record<string, Verdict>>

/** @param names the columns. */
export function table(
  rows: readonly Row[],
  verdicts: readonly Verdicts[],
  names: readonly string[],
  heading: readonly string[],
): string {
  const lines = rows.map(({ title, didForm }, index) => {
    const accepted = names.map((name) => verdicts[index]?.[name]?.accepted === true)
    // a "no" stands out only where others say yes
    const no = accepted.includes(true) ? '**no**' : 'no'
    const cells = accepted.map((yes) => (yes ? 'yes' : no))
    return [title, ...(heading.length > 1 ? [didForm] : []), ...cells]
  })
  const top = [...heading, ...names]
  return [top, top.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
