import { execFile, execFileSync } from 'node:child_process'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import axios from 'axios'
import { attachAuth } from 'orgid-bearer/axios'
import { startPartner, startStranger } from 'orgid-bearer/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type LoadedAuth, type LoadOptions, loadOrgidAuth } from '../../src/config/load.js'
import { internalsOf } from '../../src/interface.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { verifyToken } from '../../src/verify.js'
import { decode, did, newKey, settle } from '../support.js'
import { hotels, issuer, offers, rejection, useFolder, useWarnings } from './support.js'

const folder = useFolder()
const warnings = useWarnings()
const first = newKey()
const second = newKey()
const opened: LoadedAuth[] = []
afterEach(() => {
  for (const auth of opened.splice(0)) auth.close()
})

const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
afterEach(async () => {
  await settle()
  expect(unhandled).toEqual([])
})

async function load(options: LoadOptions = {}): Promise<LoadedAuth> {
  const auth = await loadOrgidAuth({ env: {}, reloadInterval: 0.02, ...options })
  opened.push(auth)
  return auth
}

const plain = { issuer, key: { file: 'own.pem' }, partners: [hotels] }

/** `orgid.json` and the first key in `own.pem`. */
function writeBoth(content: object = plain): string {
  folder.write('own.pem', first.pem)
  return folder.write('orgid.json', content)
}

/** As editors do, and those who know that files are read at any time. */
function replace(name: string, content: unknown): void {
  folder.write(`${name}.new`, content)
  renameSync(folder.path(`${name}.new`), folder.path(name))
}

async function isSignedBy(token: string, key: KeyObject, at?: number): Promise<boolean> {
  const now = at === undefined ? {} : { now: () => at }
  return verifyToken(token, { audience: did('b'), key, ...now }).then(
    () => true,
    () => false,
  )
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 12_000, interval: 10 })
const tokenOf = (auth: LoadedAuth) => (auth.authorization(offers) as string).slice(7)
const untilSignedBy = (auth: LoadedAuth, key: KeyObject) =>
  until(async () => expect(await isSignedBy(tokenOf(auth), key)).toBe(true))
const looks = (count = 6) => new Promise((resolve) => setTimeout(resolve, count * 20))
const codes = () => warnings.list.map(({ code }) => code)

describe('loadOrgidAuth', () => {
  it('gives an auth like any other', async () => {
    await using partner = await startPartner({
      did: did('b'),
      profile: 'older',
      orgJson: orgJsonEntries(issuer, first.publicKey),
    })
    const origin = partner.origin
    const auth = await load({
      config: writeBoth({ ...plain, partners: [{ ...hotels, origin, allowLoopbackHttp: true }] }),
    })
    const http = axios.create()
    attachAuth(http, auth)
    await http.get(partner.url('/offers'))
    expect(partner.acceptedCount).toBe(1)
    expect(internalsOf(auth).partnerOf(partner.url('/'))?.name).toBe('hotels')
    await auth.prepare()
    expect(auth.status().partners).toMatchObject([{ name: 'hotels', tokens: 1 }])
  })

  it('rejects what is wrong at the start', async () => {
    expect((await rejection(load({ config: '/nowhere' }))).code).toBe('ERR_CONFIG')
    expect((await rejection(load())).message).toMatch(/^key: expected a private key, got none/)
    const config = writeBoth({ ...plain, lifetime: 'x' })
    expect((await rejection(load({ config }))).message).toMatch(/orgid\.json: lifetime: expected/)
    for (const reloadInterval of [0, -1, '5' as never, true as never]) {
      expect((await rejection(load({ reloadInterval }))).message).toMatch(
        /^reloadInterval: expected a number of seconds \(or false\) from 0\.01 to 86400, got/,
      )
    }
  })

  it('follows the files that it began with, wherever the process goes', async () => {
    const elsewhere = folder.path('elsewhere')
    mkdirSync(elsewhere)
    const air = { name: 'air', did: did('c'), origin: 'https://air.example' }
    folder.write('elsewhere/orgid.json', { ...plain, partners: [air] })
    folder.write('elsewhere/own.pem', second.pem)
    const seal = (name: string, pem: string, passphrase: string) => {
      const sealed = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase } as const
      folder.write(`${name}words`, passphrase)
      folder.write(`${name}sealed.pem`, createPrivateKey(pem).export(sealed))
    }
    seal('', first.pem, 'one')
    seal('elsewhere/', second.pem, 'two')
    writeBoth()
    const cwd = process.cwd()
    const byVariables = {
      ORGID_CONFIG: 'orgid.json',
      ORGID_PRIVATE_KEY_FILE: 'sealed.pem',
      ORGID_PRIVATE_KEY_PASSPHRASE_FILE: 'words',
    }
    try {
      process.chdir(folder.path())
      const auths = [await load({ config: 'orgid.json' }), await load({ env: byVariables })]
      process.chdir(elsewhere)
      await looks()
      replace('orgid.json', { ...plain, partners: [hotels, air] })
      for (const auth of auths) {
        await until(() => expect(auth.status().partners).toHaveLength(2))
        expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
      }
      replace('own.pem', second.pem)
      await untilSignedBy(auths[0] as LoadedAuth, second.publicKey)
    } finally {
      process.chdir(cwd)
    }
    expect(codes()).toEqual([])
  })

  it('does not keep the process alive, and stops looking when it is closed', async () => {
    const config = writeBoth()
    const auth = await load({ config })
    auth.close()
    replace('own.pem', second.pem)
    await looks()
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
    auth.close()
    auth[Symbol.dispose]()

    replace('own.pem', first.pem)
    const code = `import { loadOrgidAuth } from ${JSON.stringify(new URL('../../src/config/load.ts', import.meta.url).href)}
      await loadOrgidAuth({ config: ${JSON.stringify(config)}, env: {}, reloadInterval: 1000 })
      console.log('loaded')`
    const script = folder.write('main.mts', code)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), script],
      { timeout: 30_000 },
    )
    expect(stdout).toBe('loaded\n')
  }, 40_000)

  it('looks at nothing with reloadInterval false', async () => {
    const auth = await load({ config: writeBoth(), reloadInterval: false })
    replace('own.pem', second.pem)
    await looks()
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
  })
})

describe('a key file that changes', () => {
  it('is signed with from then on, and cached tokens of the old key are dropped', async () => {
    const auth = await load({ config: writeBoth() })
    const before = tokenOf(auth)
    expect(await isSignedBy(before, first.publicKey)).toBe(true)
    replace('own.pem', second.pem)
    await untilSignedBy(auth, second.publicKey)
    expect(decode(tokenOf(auth)).claims.iss).toBe(issuer)
    expect(codes()).toEqual([])
  })

  it('is seen behind a symbolic link that is swapped, as Kubernetes does', async () => {
    for (const [name, { pem }] of Object.entries({ first, second })) {
      mkdirSync(folder.path(name))
      folder.write(`${name}/key.pem`, pem)
    }
    symlinkSync('first', folder.path('..data'))
    symlinkSync('..data/key.pem', folder.path('key.pem'))
    const env = {
      ORGID_ISSUER: issuer,
      ORGID_PARTNERS: JSON.stringify([hotels]),
      ORGID_PRIVATE_KEY_FILE: folder.path('key.pem'),
    }
    const auth = await load({ env })
    symlinkSync('second', folder.path('..data_tmp'))
    renameSync(folder.path('..data_tmp'), folder.path('..data'))
    await untilSignedBy(auth, second.publicKey)
  })

  it('that holds the same key in another form drops no token', async () => {
    const auth = await load({ config: writeBoth() })
    const before = tokenOf(auth)
    const pkcs8 = createPrivateKey(first.pem).export({ format: 'pem', type: 'pkcs8' })
    replace('own.pem', pkcs8)
    await looks()
    expect(tokenOf(auth)).toBe(before)
    expect(codes()).toEqual([])
  })

  it('together with its passphrase is opened with the new one', async () => {
    const seal = (pem: string, passphrase: string) =>
      createPrivateKey(pem).export({
        format: 'pem',
        type: 'pkcs8',
        cipher: 'aes-256-cbc',
        passphrase,
      })
    const key = { file: 'own.pem', passphraseFile: 'words' }
    const config = writeBoth({ ...plain, key })
    folder.write('own.pem', seal(first.pem, 'one'))
    folder.write('words', 'one\n')
    const auth = await load({ config })
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
    replace('own.pem', seal(second.pem, 'two'))
    replace('words', 'two\n')
    await untilSignedBy(auth, second.publicKey)
  })

  it('to what is no key is warned of, once, and the old key stays in use until a good one comes', async () => {
    const auth = await load({ config: writeBoth() })
    const before = tokenOf(auth)
    replace('own.pem', second.pem.slice(0, 80))
    await until(() => expect(codes()).toEqual(['ORGID_RELOAD_REFUSED']))
    await looks()
    expect(codes()).toEqual(['ORGID_RELOAD_REFUSED'])
    expect(warnings.list[0]?.message).toMatch(/stays so: .*key\.file \(.*own\.pem\): expected a se/)
    expect(warnings.list[0]?.message).not.toContain(second.pem.slice(40, 70))
    expect(tokenOf(auth)).toBe(before)
    auth.invalidate()
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
    replace('own.pem', second.pem)
    await untilSignedBy(auth, second.publicKey)
  })

  it('by way of half a file is not warned of', async () => {
    const auth = await load({ config: writeBoth(), reloadInterval: 0.3 })
    // one look and no second one
    replace('own.pem', '')
    setTimeout(() => replace('own.pem', second.pem), 450)
    await untilSignedBy(auth, second.publicKey)
    expect(codes()).toEqual([])
  })

  it('loses no call, and after the first token of the new key none of the old one is sent', async () => {
    await using partner = await startStranger()
    const partners = [{ ...hotels, origin: partner.origin, allowLoopbackHttp: true }]
    const auth = await load({ config: writeBoth({ ...plain, partners }) })
    const http = axios.create()
    attachAuth(http, auth)
    const calls: Promise<{ status: number }>[] = []
    const traffic = setInterval(() => {
      for (let one = 0; one < 5; one += 1) {
        // Both cached tokens and minted ones
        const orgid = one < 3 ? {} : { claims: { call: calls.length } }
        calls.push(http.get(partner.url(`/${calls.length}`), { orgid }))
      }
    }, 5)
    try {
      await until(() => expect(calls.length).toBeGreaterThan(50))
      replace('own.pem', second.pem)
      const url = partner.url('/')
      await until(async () => {
        const token = (auth.authorization(url) as string).slice(7)
        expect(await isSignedBy(token, second.publicKey)).toBe(true)
      })
      const { length } = calls
      await until(() => expect(calls.length).toBeGreaterThan(length + 50))
    } finally {
      clearInterval(traffic)
    }
    const answers = await Promise.all(calls)
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const inOrder = [...partner.requests].sort((a, b) => numberOf(a.url) - numberOf(b.url))
    const keys: string[] = []
    for (const { token = '' } of inOrder) {
      if (await isSignedBy(token, first.publicKey)) keys.push('first')
      else keys.push((await isSignedBy(token, second.publicKey)) ? 'second' : 'none')
    }
    expect(keys).toHaveLength(calls.length)
    expect(keys).toEqual([...keys].sort())
    expect(new Set(keys)).toEqual(new Set(['first', 'second']))
  }, 60_000)
})

const numberOf = (url: string) => Number(url.slice(1))

describe('a configuration file that changes', () => {
  it('replaces the partners, all at once', async () => {
    const auth = await load({ config: writeBoth() })
    const air = { name: 'air', did: did('c'), origin: 'https://air.example' }
    replace('orgid.json', { ...plain, partners: [air] })
    await until(() => expect(auth.status().partners).toMatchObject([{ name: 'air' }]))
    expect(auth.authorization(offers)).toBeUndefined()
  })

  it('and is wrong replaces nothing, and is warned of once, as often as it is wrong anew', async () => {
    const auth = await load({ config: writeBoth() })
    for (const [count, content, message] of [
      [1, '{ "partners": [', /orgid\.json: line 1, column 16: expected a value or \]/],
      [2, { ...plain, partners: [hotels, hotels] }, /orgid\.json: partners\[1\]: expected its own/],
      [3, { ...plain, partners: [{ ...hotels, did: 'x' }] }, /partners\[0\]\.did: expected an ORG/],
      [4, { ...plain, keys: [] }, /orgid\.json: key: expected either key or keys, got both/],
      [
        5,
        { ...plain, lifetime: 'soon', partners: [] },
        /orgid\.json: lifetime: expected whole sec/,
      ],
      [6, { ...plain, key: { file: 'none' }, partners: [] }, /key\.file: expected a file that can/],
    ] as const) {
      replace('orgid.json', content)
      await until(() => expect(warnings.list).toHaveLength(count))
      expect(warnings.list.at(-1)).toMatchObject({ code: 'ORGID_RELOAD_REFUSED', message })
      await looks()
      expect(warnings.list).toHaveLength(count)
      expect(auth.status().partners).toMatchObject([{ name: 'hotels' }])
    }
    // The file that was missing comes, and nothing else changes
    folder.write('none', second.pem)
    await until(() => expect(auth.status().partners).toEqual([]))
  })

  it('and names another key file has its key signed with, and that file followed', async () => {
    folder.write('other.pem', second.pem)
    const auth = await load({ config: writeBoth() })
    replace('orgid.json', { ...plain, key: { file: 'other.pem' } })
    await untilSignedBy(auth, second.publicKey)
    replace('other.pem', first.pem)
    await untilSignedBy(auth, first.publicKey)
  })

  it('in what cannot change while running is warned of, once, and the rest is taken over', async () => {
    const auth = await load({ config: writeBoth() })
    replace('orgid.json', { ...plain, lifetime: 60, strict: true, partners: [] })
    await until(() => expect(codes()).toEqual(['ORGID_RESTART_NEEDED']))
    expect(warnings.list[0]?.message).toMatch(/orgid\.json: lifetime, strict changed, which is tak/)
    expect(auth.status().partners).toEqual([])
    replace('orgid.json', { ...plain, lifetime: 60, strict: true })
    await until(() => expect(auth.status().partners).toHaveLength(1))
    expect(decode(tokenOf(auth)).claims).toMatchObject({ iss: issuer })
    expect(auth.authorization('https://stranger.example')).toBeUndefined()
    await looks()
    expect(codes()).toEqual(['ORGID_RESTART_NEEDED'])
  })

  it('leaves alone what variables gave, also those that are deleted since', async () => {
    const env: Record<string, string> = {
      ORGID_CONFIG: writeBoth({ lifetime: 60 }),
      ORGID_ISSUER: issuer,
      ORGID_PRIVATE_KEY: first.pem,
      ORGID_PARTNERS: JSON.stringify([hotels]),
    }
    const auth = await load({ env })
    for (const name of Object.keys(env)) delete env[name]
    replace('orgid.json', { partners: [], key: { file: 'none' }, signTimeout: 9 })
    await until(() => expect(codes()).toEqual(['ORGID_RESTART_NEEDED']))
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
  })

  it('runs a command once, and again only when it is another one', async () => {
    const print = (pem: string) => [
      process.execPath,
      '-e',
      'require("fs").appendFileSync("runs", "x"); console.log(process.argv[1])',
      '--',
      pem,
    ]
    const config = writeBoth({ ...plain, key: { command: print(first.pem) } })
    const auth = await load({ config })
    replace('orgid.json', { ...plain, key: { command: print(first.pem) }, partners: [] })
    await until(() => expect(auth.status().partners).toEqual([]))
    const runs = () => execFileSync('cat', [folder.path('runs')], { encoding: 'utf8' })
    expect(runs()).toBe('x')
    replace('orgid.json', { ...plain, key: { command: print(second.pem) } })
    await until(() => expect(auth.status().partners).toHaveLength(1))
    expect(await isSignedBy(tokenOf(auth), second.publicKey)).toBe(true)
    expect(runs()).toBe('xx')
  })

  it('takes nothing over once the auth is closed, though a command was under way', async () => {
    const auth = await load({ config: writeBoth() })
    const code = `const { writeFileSync } = require('fs')
      writeFileSync('started', '')
      setTimeout(() => { console.log(process.argv[1]); writeFileSync('ended', '') }, 300)`
    const command = [process.execPath, '-e', code, '--', second.pem]
    replace('orgid.json', { ...plain, key: { command }, partners: [] })
    await until(() => expect(existsSync(folder.path('started'))).toBe(true))
    auth.close()
    await until(() => expect(existsSync(folder.path('ended'))).toBe(true))
    await until(() => expect(process.getActiveResourcesInfo()).not.toContain('ProcessWrap'))
    await settle()
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
    expect(auth.status().partners).toHaveLength(1)
  })

  it('follows the partners alone where code gave the key', async () => {
    const config = writeBoth({ ...plain, key: { file: 'none' } })
    const auth = await load({ config, key: first.pem })
    replace('orgid.json', { ...plain, key: { file: 'none' }, partners: [] })
    await until(() => expect(auth.status().partners).toEqual([]))
    expect(codes()).toEqual([])
  })
})

describe('keys in a configuration file', () => {
  const entry = (id: string, name = id, activeFrom?: number) => ({
    id,
    key: { env: name.toUpperCase() },
    ...(activeFrom !== undefined && { activeFrom }),
  })
  const env = { ONE: first.pem, TWO: second.pem }
  const several = (...keys: object[]) => ({ issuer: did('a'), keys, partners: [hotels] })
  const ids = (auth: LoadedAuth) => auth.status().keys.map(({ id }) => id)

  it('are added and retired while running, and no call is refused by a partner that knows both', async () => {
    await using partner = await startPartner({
      did: did('b'),
      profile: 'current',
      orgJson: [
        orgJsonEntries(`${did('a')}#one`, first.publicKey),
        orgJsonEntries(`${did('a')}#two`, second.publicKey),
      ],
    })
    const partners = [{ ...hotels, origin: partner.origin, allowLoopbackHttp: true }]
    const config = writeBoth({ ...several(entry('one')), partners })
    const auth = await load({ config, env })
    const http = axios.create()
    attachAuth(http, auth)
    const call = () => http.get(partner.url('/offers'))
    await call()
    replace('orgid.json', { ...several(entry('one'), entry('two')), partners })
    await until(() => expect(ids(auth)).toEqual(['one', 'two']))
    const issuers = () => partner.requests.map(({ claims }) => claims?.iss)
    // The token of the key before is served until that of its successor is minted
    await until(async () => {
      await call()
      expect(issuers().at(-1)).toBe(`${did('a')}#two`)
    })
    replace('orgid.json', { ...several(entry('two')), partners })
    await until(() => expect(ids(auth)).toEqual(['two']))
    await call()
    expect(issuers().at(-1)).toBe(`${did('a')}#two`)
    expect(issuers()).toEqual(issuers().toSorted())
    expect(partner.refusedCount).toBe(0)
    expect(codes()).toEqual([])
  })

  it('keep the last active one until its successor is', async () => {
    let now = 1_800_000_000
    const options = { config: writeBoth(several(entry('one'))), env, now: () => now }
    const auth = await load(options)
    const before = tokenOf(auth)
    now += 60
    replace('orgid.json', several(entry('two', 'two', 1_800_000_100)))
    await until(() => expect(codes()).toEqual(['ORGID_RELOAD_REFUSED']))
    expect(warnings.list[0]?.message).toMatch(
      /keys: expected an active one beside #one before that is removed, got none/,
    )
    expect(ids(auth)).toEqual(['one'])
    expect(tokenOf(auth)).toBe(before)
    now = 1_800_000_200
    await until(() => expect(ids(auth)).toEqual(['two']))
  })

  it('that are refused leave partners, keys and tokens as they were, however often they are tried', async () => {
    let now = 1_800_000_000
    const air = { name: 'air', did: did('c'), origin: 'https://air.example' }
    const env = { ONE: first.pem, TWO: second.pem, NEW: newKey().pem }
    const later = entry('two', 'two', 1_800_001_000)
    const config = writeBoth(several(entry('one'), later))
    const auth = await load({ config, env, now: () => now })
    const before = tokenOf(auth)
    now += 60
    const states = [
      // The activeFrom that counts is the one that #two began with
      [[entry('two', 'two', 1_000)], [air], /keys: expected an active one beside #one/],
      [[entry('two', 'new', 1_000)], [air], /keys: expected an active one beside #one/],
      [
        [entry('one', 'new'), later, entry('new')],
        [air, air],
        /partners\[1\]: expected its own name/,
      ],
      [[entry('one', 'new'), later, entry('two', 'new')], [air], /keys: two: expected a fragment/],
    ] as const
    for (const [index, [keys, partners, message]] of states.entries()) {
      replace('orgid.json', { ...several(...keys), partners })
      await until(() => expect(warnings.list).toHaveLength(index + 1))
      await looks()
      expect(warnings.list.at(-1)).toMatchObject({ code: 'ORGID_RELOAD_REFUSED', message })
      expect(warnings.list).toHaveLength(index + 1)
      expect(ids(auth)).toEqual(['one', 'two'])
      expect(auth.status().partners).toMatchObject([{ name: 'hotels' }])
      expect(tokenOf(auth)).toBe(before)
    }
    // Nothing of what was refused is left behind
    replace('orgid.json', several(entry('one'), later, entry('new', 'new', 1_800_002_000)))
    await until(() => expect(ids(auth)).toEqual(['one', 'two', 'new']))
    now = 1_800_001_500
    auth.invalidate()
    expect(await isSignedBy(tokenOf(auth), second.publicKey, now)).toBe(true)
    expect(warnings.list).toHaveLength(states.length)
  })

  it('that code has added or retired meanwhile are its own', async () => {
    const env = { ONE: first.pem, TWO: second.pem, THREE: newKey().pem }
    const config = writeBoth(several(entry('one'), entry('two')))
    const auth = await load({ config, env })
    auth.addKey({ id: 'three', key: env.THREE })
    replace('orgid.json', { ...several(entry('one'), entry('three')), partners: [] })
    await until(() => expect(codes()).toEqual(['ORGID_RELOAD_REFUSED']))
    expect(warnings.list[0]?.message).toMatch(
      /keys: expected fragments not used .*#three", which code/,
    )
    expect(ids(auth)).toEqual(['one', 'two', 'three'])
    expect(auth.status().partners).toHaveLength(1)
    auth.invalidate({ keyId: 'one' })
    replace('orgid.json', { ...several(entry('two')), partners: [] })
    await until(() => expect(auth.status().partners).toEqual([]))
    expect(ids(auth)).toEqual(['two', 'three'])
    expect(codes()).toEqual(['ORGID_RELOAD_REFUSED'])
  })

  it('that code has added and retired are not added again, and nothing else is taken over', async () => {
    const env = { ONE: first.pem, NEW: second.pem, THREE: newKey().pem }
    const config = writeBoth(several(entry('one')))
    const auth = await load({ config, env })
    auth.addKey({ id: 'three', key: env.THREE })
    auth.invalidate({ keyId: 'three' })
    const before = tokenOf(auth)
    replace('orgid.json', { ...several(entry('one', 'new'), entry('three')), partners: [] })
    await until(() => expect(codes()).toEqual(['ORGID_RELOAD_REFUSED']))
    await looks()
    expect(auth.status().partners).toHaveLength(1)
    expect(tokenOf(auth)).toBe(before)
    auth.invalidate()
    expect(await isSignedBy(tokenOf(auth), first.publicKey)).toBe(true)
  })

  it('never use a fragment again, nor twice, nor change to a single key', async () => {
    const config = writeBoth(several(entry('one'), entry('two')))
    const auth = await load({ config, env })
    replace('orgid.json', several(entry('one')))
    await until(() => expect(ids(auth)).toEqual(['one']))
    for (const [count, content, message] of [
      [
        1,
        several(entry('one'), entry('two')),
        /keys: expected fragments not used before, got "#two/,
      ],
      [2, several(entry('one'), entry('new', 'one'), entry('new', 'two')), /keys: new: expected a/],
      [3, plain, /key\.file: expected keys, as at the start, got key/],
    ] as const) {
      replace('orgid.json', content)
      await until(() => expect(warnings.list).toHaveLength(count))
      expect(warnings.list.at(-1)?.message).toMatch(message)
      expect(ids(auth)).toEqual(['one'])
    }
  })

  it('keep the activeFrom that they began with', async () => {
    const config = writeBoth(several(entry('one'), entry('two', 'two', 4_000_000_000)))
    const auth = await load({ config, env })
    replace('orgid.json', several(entry('one'), entry('two', 'two', 1_000)))
    await until(() => expect(codes()).toEqual(['ORGID_RESTART_NEEDED']))
    expect(warnings.list[0]?.message).toMatch(/orgid\.json: activeFrom of #two changed/)
    expect(decode(tokenOf(auth)).claims.iss).toBe(`${did('a')}#one`)
  })
})

describe('a pipe', () => {
  it.skipIf(process.platform === 'win32')('is read once, and not looked at again', async () => {
    execFileSync('mkfifo', [folder.path('pipe')])
    const writer = promisify(execFile)('sh', ['-c', 'cat own.pem > pipe'], { cwd: folder.path() })
    const config = writeBoth({ ...plain, key: { file: 'pipe' } })
    const auth = await load({ config })
    await writer
    replace('orgid.json', { ...plain, key: { file: 'pipe' }, partners: [] })
    await until(() => expect(auth.status().partners).toEqual([]))
    expect(codes()).toEqual([])
  })
})
