import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { onTestFinished } from 'vitest'
import { run } from '../../src/cli/program.js'
import { orgJsonEntries } from '../../src/keys/orgjson.js'
import { did, newKey } from '../support.js'

/** How a command is run. */
interface Setting {
  readonly cwd: string
  readonly stdin?: string | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly tty?: boolean
  readonly now?: () => number
  /** What a person types, each line once it was asked for. */
  readonly answers?: readonly string[]
}

/** What a command did. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What it printed, parsed. */
  json<T = Record<string, unknown>>(): T
}

/** Runs the command in this process, with streams of its own. */
export async function orgid(argv: readonly string[], setting: Setting): Promise<Outcome> {
  const { cwd, stdin = '', env = {}, tty = false, answers } = setting
  const isTTY = tty || answers !== undefined
  const streams = {
    stdin: Object.assign(new PassThrough(), { isTTY: answers !== undefined }),
    stdout: Object.assign(new PassThrough(), { isTTY }),
    stderr: Object.assign(new PassThrough(), { isTTY }),
  }
  let stdout = ''
  let stderr = ''
  const left = [...(answers ?? [])]
  streams.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  streams.stderr.on('data', (chunk) => {
    stderr += chunk
    const isQuestion = /: $/.test(stripVTControlCharacters(String(chunk)))
    if (answers === undefined || !isQuestion) return
    const answer = left.shift()
    if (answer === undefined) streams.stdin.end()
    else streams.stdin.write(`${answer}\n`)
  })
  if (answers === undefined) streams.stdin.end(stdin)
  const now = setting.now ?? (() => Date.now() / 1_000)
  const code = await run(argv, { ...streams, env, cwd, now }, '0.0.0')
  await new Promise((resolve) => setImmediate(resolve))
  return { code, stdout, stderr, json: () => JSON.parse(stdout) }
}

/** A directory of its own, gone after the test. */
export function directory() {
  const cwd = mkdtempSync(join(tmpdir(), 'orgid-cli-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  return {
    cwd,
    path: (name: string) => join(cwd, name),
    write: (name: string, content: string | object, mode = 0o600) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
      writeFileSync(join(cwd, name), text, { mode })
    },
    read: (name: string) => readFileSync(join(cwd, name), 'utf8'),
    mode: (name: string) => statSync(join(cwd, name)).mode & 0o777,
  }
}

export const own = did('1')
export const issuer = `${own}#webserver`
export const partnerDid = did('a')

/** An ORG.JSON that the schema has nothing against. */
export function orgJson(publicKey: Parameters<typeof orgJsonEntries>[1], name = issuer) {
  return {
    '@context': 'https://www.w3.org/ns/did/v1',
    id: name.split('#')[0] as string,
    created: '2020-01-01T00:00:00Z',
    ...orgJsonEntries(name, publicKey),
  }
}

/** A directory with a key, a configuration that names it, and the ORG.JSON that registers it. */
export function configured(config: Readonly<Record<string, unknown>> = {}) {
  const files = directory()
  const { pem, publicKey } = newKey()
  files.write('secp256k1.pem', pem)
  files.write('secp256k1.pub', publicKey.export({ format: 'pem', type: 'spki' }) as string)
  files.write('orgid.json', {
    issuer,
    key: { file: 'secp256k1.pem' },
    partners: [{ name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example' }],
    ...config,
  })
  files.write('org.json', orgJson(publicKey))
  return { ...files, pem, publicKey, orgid: (...argv: string[]) => orgid(argv, files) }
}

/** The parts of a private key that must be seen nowhere: its number, in every way it is written. */
export function keyMaterial(pem: string): readonly string[] {
  const body = pem.replace(/-----[^-]+-----|\s/g, '')
  const scalar = Buffer.from(body, 'base64').subarray(7, 39)
  return [
    scalar.toString('hex'),
    scalar.toString('base64url').slice(0, 40),
    body.slice(12, 60),
    pem.split('\n')[1] as string,
  ]
}
