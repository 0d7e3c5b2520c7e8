import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { newKey } from '../support.js'
import { configured, directory, issuer, orgid, own, partnerDid } from './command.js'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const command =
  process.env.TEST_TARGET === 'dist'
    ? [root('dist/cli/main.js')]
    : ['--import', import.meta.resolve('tsx'), root('src/cli/main.ts')]

/** The command in a process of its own. */
function inProcess(argv: readonly string[], cwd: string, stdin = '') {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [...command, ...argv],
      { cwd, env: { PATH: process.env.PATH } },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
    child.stdin?.end(stdin)
  })
}

const commands = ['init', 'keygen', 'register', 'token', 'inspect', 'call', 'check']

describe('orgid-bearer, in a process of its own', { timeout: 60_000 }, () => {
  it('leads from nothing to a token that is inspected', async () => {
    const { cwd } = directory()
    const partner = `hotels,${partnerDid},https://api.hotels.example`
    const init = await inProcess(['init', '--issuer', issuer, '--partner', partner], cwd)
    expect(init.code).toBe(0)
    const { stdout } = await inProcess(['token'], cwd)
    const inspected = await inProcess(['inspect', '--config', 'orgid.json'], cwd, stdout)
    expect(inspected.stdout).toMatch(/signature +good/)
    expect(inspected.code).toBe(0)
  })

  it('ends with the code that says what happened', async () => {
    const { cwd } = configured()
    expect((await inProcess(['token', 'trains'], cwd)).code).toBe(1)
    expect((await inProcess(['--version'], cwd)).stdout.trim()).toBe(manifest.version)
  })

  it('prints warnings as its own, beside what was asked for', async () => {
    const { cwd, write } = configured()
    write('own.json', {
      issuer: `${own}#key-1`,
      key: { file: 'secp256k1.pem' },
      partners: [{ name: 'hotels', did: partnerDid, origin: 'https://api.hotels.example' }],
    })
    const { code, stdout, stderr } = await inProcess(
      ['token', '--config', 'own.json', '--json'],
      cwd,
    )
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ partner: 'hotels' })])
    expect(stderr).toMatch(/^warning: the key fragment "#key-1" is refused by some[^\n]*\n$/)
  })

  it('minds no reader that stops early', async () => {
    const { cwd } = configured()
    const child = spawn(process.execPath, [...command, 'register'], { cwd, stdio: 'pipe' })
    child.stdout.destroy()
    const stderr: Buffer[] = []
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    const [code] = await once(child, 'close')
    expect([code, Buffer.concat(stderr).toString()]).toEqual([
      0,
      expect.not.stringMatching(/EPIPE/),
    ])
  })

  it('begins with the line by which a shell runs it', () => {
    expect(readFileSync(command.at(-1) as string, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})

describe('orgid-bearer', () => {
  it('lists its commands and exit codes', async () => {
    const { code, stdout } = await orgid(['--help'], directory())
    expect(code).toBe(0)
    for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect(stdout).toMatch(/0 {3}it worked\n {2}1 {3}it did not.*\n {2}2 {3}wrong usage/)
  })

  it.each(commands)('helps with %s, by examples and with --json', async (name) => {
    const { code, stdout } = await orgid([name, '--help'], directory())
    expect(code).toBe(0)
    expect(stdout).toMatch(/--json/)
    expect(stdout).toMatch(new RegExp(`Examples:\\n.*orgid-bearer ${name}`))
  })

  it.each(commands)('reports wrong usage of %s with code 2, as JSON if asked', async (name) => {
    const { code, stdout, stderr } = await orgid([name, '--json', '--nonsense'], directory())
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'ERR_USAGE', message: expect.stringMatching(/--nonsense.*See --help/) },
    })
    expect(stderr).toMatch(/^ERR_USAGE {2}.*--nonsense/)
  })

  it.each(commands.filter((name) => name !== 'keygen' && name !== 'inspect'))(
    'reports that there is no configuration for %s as JSON',
    async (name) => {
      const argv = name === 'call' ? ['call', 'hotels'] : [name]
      const { code, json } = await orgid([...argv, '--json'], directory())
      expect(code).toBeGreaterThan(0)
      expect(JSON.stringify(json())).toMatch(/ERR_USAGE/)
    },
  )

  it.each([[[]], [['nonsense']], [['token', 'a', 'b']]])('has no use for %j', async (argv) => {
    const { code, stdout, stderr } = await orgid(argv, directory())
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/ERR_USAGE/)
  })

  it.each([
    ['a PEM', ['call', newKey().pem]],
    ['a PEM for another command', ['keygen', newKey().pem]],
    ['hex behind an option', ['call', 'hotels', `--keyy=${'0123456789abcdef'.repeat(4)}`]],
    ['a passphrase behind an option', ['token', '--passphrase=correct-horse']],
    ['hex for a command', ['0123456789abcdef'.repeat(4)]],
  ])('shows nothing of %s in the wrong place', async (_, argv) => {
    const { code, stdout, stderr } = await orgid([...argv, '--json'], directory())
    expect(code).toBe(2)
    expect(stdout + stderr).toMatch(/ERR_USAGE/)
    expect(stdout + stderr).not.toMatch(/[A-Za-z0-9+/]{30}|correct-horse/)
  })

  it('says of what it did not expect that it is a defect', async () => {
    const now = () => {
      throw new TypeError('no clock')
    }
    const { code, json } = await orgid(['token', '--json'], { cwd: configured().cwd, now })
    expect(code).toBe(1)
    expect(json()).toEqual({
      error: { code: 'ERR_INTERNAL', message: expect.stringMatching(/defect.*no clock/) },
    })
  })

  it('prints colours to a terminal alone, and none with NO_COLOR', async () => {
    const files = configured()
    const check = (setting: object) => orgid(['check', '--offline'], { cwd: files.cwd, ...setting })
    expect((await check({ tty: true })).stdout).toContain('\u001b[32mpass')
    expect((await check({})).stdout).not.toContain('\u001b')
    expect((await check({ tty: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b')
  })
})
