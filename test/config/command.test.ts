import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { type LoadOptions, loadOrgidAuth } from '../../src/config/load.js'
import { verifyToken } from '../../src/verify.js'
import { did, newKey } from '../support.js'
import { hotels, issuer, offers, rejection, useFolder } from './support.js'

const folder = useFolder()
const { pem, publicKey } = newKey()
const node = process.execPath

/** An auth whose key a command prints. */
function load(command: unknown, key: object = {}, options: LoadOptions = {}) {
  const config = folder.write('orgid.json', {
    issuer,
    key: { command, ...key },
    partners: [hotels],
  })
  return loadOrgidAuth({ config, env: {}, ...options })
}

/** A program that Node runs. */
const script = (code: string, ...args: string[]) => [node, '-e', code, '--', ...args]
const failure = (command: unknown, key?: object) => rejection(load(command, key))

describe('a command', () => {
  it('prints the key, with white space around it', async () => {
    const auth = await load(script('console.log("\\n" + process.argv[1])', pem))
    const header = auth.authorization(offers) as string
    await expect(
      verifyToken(header.slice(7), { audience: did('b'), key: publicKey }),
    ).resolves.toBeDefined()
    auth.close()
  })

  it('is run where the configuration file is', async () => {
    folder.write('own.pem', pem)
    const auth = await load(script('console.log(require("fs").readFileSync("own.pem", "utf8"))'))
    expect(auth.authorization(offers)).toMatch(/^Bearer /)
    auth.close()
  })

  it('is run without a shell', async () => {
    const code = 'process.exitCode = process.argv[1] === "$HOME; exit 3" ? 4 : 5'
    expect((await failure(script(code, '$HOME; exit 3'))).message).toMatch(/got exit code 4$/)
  })

  it('that reads its input finds none, rather than waiting', async () => {
    const code = 'process.stdin.resume().on("end", () => process.exit(6))'
    expect((await failure(script(code))).message).toMatch(/got exit code 6$/)
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['fails', script('process.exit(3)'), /got exit code 3$/],
    ['is killed', script('process.kill(process.pid, "SIGTERM")'), /got its end by SIGTERM$/],
    ['prints nothing', script('console.log("  ")'), /got nothing$/],
    ['prints too much', script('console.log("x".repeat(1e5))'), /got more than 65536 bytes$/],
    [
      'prints without end',
      script('const on = () => process.stdout.write("x".repeat(1e4), on); on()'),
      /got more than 65536 bytes$/,
    ],
    // Other systems take more
    ...(process.platform === 'linux'
      ? [
          [
            'has too long an argument',
            [node, 'x'.repeat(5e5)],
            /got an error E2BIG at its/,
          ] as const,
        ]
      : []),
    ['is not there', ['/nowhere/at-all'], /got no such program \(ENOENT\)$/],
    ['is no program', ['./orgid.json'], /got an error EACCES at its start$/],
  ])('that %s is an error that says so', async (_, command, message) => {
    const error = await failure(command)
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.message).toMatch(/orgid\.json: key\.command: expected the private key on stdout, /)
    expect(error.message).toMatch(message)
  })

  it('that prints no key is an error of the key', async () => {
    const error = await failure(script('console.log("permission denied")'))
    expect(error).toMatchObject({ code: 'ERR_INVALID_KEY' })
    expect(error.message).toMatch(/orgid\.json: key\.command: expected a secp256k1 private key/)
  })

  it('shows nothing of its arguments, of its output and of what it complains of', async () => {
    const code = 'console.error("stderr-secret"); console.log("stdout-secret"); process.exit(1)'
    const error = await failure(script(code, 'argument-secret'))
    expect(inspect(error, { showHidden: true, depth: 9 })).not.toMatch(/-secret/)
  })

  it.skipIf(process.platform === 'win32')(
    'is ended when its time is over, and its children with it',
    async () => {
      execFileSync('mkfifo', [folder.path('held')])
      const pipes = () => process.getActiveResourcesInfo().filter((one) => one === 'PipeWrap')
      const before = pipes().length
      // It ends when nobody holds the pipe any more; the sleeps are longer than this test may take
      const held = readFile(folder.path('held'), 'utf8')
      const code = '{ echo child; exec sleep 60; } > held & sleep 60'
      const error = await failure(['/bin/sh', '-c', code], { timeout: 2 })
      expect(error.message).toMatch(/got none within 2 s\. "timeout" beside "command" sets the/)
      expect(await held).toBe('child\n')
      // Its output would keep this process from ending
      await vi.waitFor(() => expect(pipes().length).toBeLessThanOrEqual(before))
    },
  )

  it('is not run when code gives the key', async () => {
    const auth = await load(['/nowhere/at-all'], {}, { key: pem })
    expect(auth.authorization(offers)).toMatch(/^Bearer /)
    auth.close()
  })
})
