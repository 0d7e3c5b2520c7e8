import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { mkdirSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { directory, issuer, keyMaterial, orgid, partnerDid } from './command.js'

describe('keygen', () => {
  it('writes the form that the OpenSSL lines of the source document give', async () => {
    const files = directory()
    const { code, stdout } = await orgid(['keygen', 'mine'], files)
    expect(code).toBe(0)
    expect(stdout).toMatch(/mine\.pem[\s\S]*mine\.pub/)
    const openssl = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: files.cwd, encoding: 'utf8', stdio: 'pipe' })
    openssl('ecparam', '-name', 'secp256k1', '-genkey', '-noout', '-out', 'theirs.pem')
    const shape = (pem: string) => {
      const [first, ...lines] = pem.split('\n')
      const last = lines.slice(-2)
      return [first, lines.map((line) => line.length), last]
    }
    expect(shape(files.read('mine.pem'))).toEqual(shape(files.read('theirs.pem')))
    expect(openssl('ec', '-in', 'mine.pem')).toBe(files.read('mine.pem'))
    expect(openssl('ec', '-in', 'mine.pem', '-pubout')).toBe(files.read('mine.pub'))
  })

  it('keeps the private key to its owner', async () => {
    const files = directory()
    await orgid(['keygen'], files)
    expect(files.mode('secp256k1.pem')).toBe(0o600)
    expect(files.mode('secp256k1.pub')).toBe(0o644 & ~process.umask())
  })

  it.each(['secp256k1.pem', 'secp256k1.pub'])('overwrites no %s', async (name) => {
    const files = directory()
    files.write(name, 'precious')
    const { code, stdout, stderr } = await orgid(['keygen', '--json'], files)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'ERR_FILE_EXISTS', message: expect.stringMatching(/--force/) },
    })
    expect(stderr).toMatch(/^ERR_FILE_EXISTS {2}/)
    expect(files.read(name)).toBe('precious')
    const other = name.endsWith('.pem') ? 'secp256k1.pub' : 'secp256k1.pem'
    expect(() => files.read(other)).toThrow(/ENOENT/)
  })

  it('overwrites with --force, and others can read the new key no more', async () => {
    const files = directory()
    files.write('secp256k1.pem', 'old', 0o644)
    files.write('secp256k1.pub', 'old', 0o644)
    const { code } = await orgid(['keygen', '--force'], files)
    expect(code).toBe(0)
    expect(files.read('secp256k1.pem')).toMatch(/BEGIN EC PRIVATE KEY/)
    expect(files.mode('secp256k1.pem')).toBe(0o600)
  })

  it.each(['secp256k1.pem', 'secp256k1.pub'])(
    'leaves all as it is with --force where %s cannot be written',
    async (name) => {
      const files = directory()
      const other = name === 'secp256k1.pem' ? 'secp256k1.pub' : 'secp256k1.pem'
      files.write(other, 'precious')
      mkdirSync(files.path(name))
      const { code, stderr } = await orgid(['keygen', '--force'], files)
      expect([code, stderr]).toEqual([1, expect.stringMatching(`^ERR_FILE .*${name} \\(EISDIR`)])
      expect(files.read(other)).toBe('precious')
      expect(readdirSync(files.cwd).sort()).toEqual(['secp256k1.pem', 'secp256k1.pub'])
    },
  )

  it('writes PKCS#8 with --pkcs8', async () => {
    const files = directory()
    const { json } = await orgid(['keygen', '--pkcs8', '--json'], files)
    expect(json()).toEqual({
      privateKey: 'secp256k1.pem',
      publicKey: 'secp256k1.pub',
      form: 'pkcs8',
    })
    expect(files.read('secp256k1.pem')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
  })

  it.each([
    ['a variable', ['--passphrase-env', 'SECRET']],
    ['a file', ['--passphrase-file', 'passphrase']],
  ])('encrypts with the passphrase in %s', async (_name, flags) => {
    const files = directory()
    files.write('passphrase', 'open sesame\n')
    const { stdout, stderr } = await orgid(['keygen', ...flags], {
      ...files,
      env: { SECRET: 'open sesame' },
    })
    const pem = files.read('secp256k1.pem')
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/)
    const key = createPrivateKey({ key: pem, passphrase: 'open sesame' })
    expect(createPublicKey(key).export({ format: 'pem', type: 'spki' })).toBe(
      files.read('secp256k1.pub'),
    )
    expect(stdout + stderr).not.toMatch(/sesame/)
  })

  it('takes the line of a passphrase file that the library and OpenSSL take', async () => {
    const files = directory()
    files.write('passphrase', 'open sesame\r\nof the web server\n')
    await orgid(['keygen', '--passphrase-file', 'passphrase'], files)
    const argv = ['token', '--issuer', issuer, '--audience', partnerDid, '--key', 'secp256k1.pem']
    const env = { ORGID_PRIVATE_KEY_PASSPHRASE_FILE: 'passphrase' }
    const { code, stdout } = await orgid(argv, { ...files, env })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^eyJ/)])
    // OpenSSL keeps the \r of a line that ends by \r\n
    files.write('passphrase', 'open sesame\nof the web server\n')
    const openssl = ['pkey', '-in', 'secp256k1.pem', '-passin', 'file:passphrase', '-pubout']
    const options = { cwd: files.cwd, encoding: 'utf8', stdio: 'pipe' } as const
    expect(execFileSync('openssl', openssl, options)).toBe(files.read('secp256k1.pub'))
  })

  it.each([
    [['--passphrase-env', 'NOT_SET']],
    [['--passphrase-env', 'A', '--passphrase-file', 'b']],
  ])('refuses %j as wrong usage', async (flags) => {
    const files = directory()
    expect((await orgid(['keygen', ...flags], files)).code).toBe(2)
    expect(() => files.read('secp256k1.pem')).toThrow(/ENOENT/)
  })

  it.each(['.', '..', 'a/', 'a.pem', 'a.PUB', ''])('refuses the name %j', async (name) => {
    const files = directory()
    const { code, stderr } = await orgid(['keygen', name], files)
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^ERR_USAGE {2}name: .*without their/),
    ])
    const argv = ['init', '--issuer', issuer, '--partner', `a,${partnerDid},https://a.example`]
    expect((await orgid([...argv, '--key-name', name], files)).code).toBe(2)
    expect(readdirSync(files.cwd)).toEqual([])
  })

  it.each(['--passphrase-env', '--passphrase-file'])(
    'does not show a passphrase that stands behind %s itself',
    async (option) => {
      const argv = ['keygen', option, 'correct-horse', '--json']
      const { code, stdout, stderr } = await orgid(argv, directory())
      expect(code).toBeGreaterThan(0)
      expect(stdout + stderr).not.toContain('horse')
    },
  )

  it('prints nothing of the private key', async () => {
    const files = directory()
    const { stdout, stderr } = await orgid(['keygen', '--json'], files)
    for (const part of keyMaterial(files.read('secp256k1.pem'))) {
      expect(stdout + stderr).not.toContain(part)
    }
  })
})
