import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { nativeSigner } from 'orgid-bearer/signers/native'
import { verifyToken } from 'orgid-bearer/verify'
import { describe, expect, it } from 'vitest'
import { createOrgidAuth, localSigner } from '../../src/index.js'
import { codeOf, did } from '../support.js'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

describe('nativeSigner', () => {
  it('gives the signatures that noble gives, over and over', () => {
    for (let round = 0; round < 20; round += 1) {
      const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
      const [native, noble] = [nativeSigner(key), localSigner(key, { backend: 'noble' })]
      for (let length = 0; length < 10; length += 1) {
        const input = randomBytes(length * 30)
        expect(native.sign(input, {})).toEqual(noble.sign(input, {}))
      }
    }
  })

  // RFC 6979 for secp256k1 and SHA-256, low-S: https://bitcointalk.org/index.php?topic=285142
  it('signs as published', () => {
    const key = 'f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181'
    const signature = nativeSigner(key).sign(Buffer.from('Alan Turing'), {}) as Uint8Array
    expect(Buffer.from(signature).toString('hex')).toBe(
      '7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c' +
        '58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea',
    )
  })

  it('signs tokens that partners accept, at once', async () => {
    const auth = createOrgidAuth({
      issuer: `${did('a')}#webserver`,
      key: nativeSigner(privateKey),
      partners: [{ name: 'hotels', did: did('b'), origin: 'https://hotels.example' }],
    })
    const header = auth.authorization('https://hotels.example/') as string
    expect(header).toMatch(/^Bearer /)
    await verifyToken(header.slice(7), { audience: did('b'), key: publicKey })
  })

  it('refuses a key that cannot sign ES256K', () => {
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(codeOf(() => nativeSigner(p256))).toBe('ERR_KEY_CURVE')
  })

  it('loads the compiled binding alone, and not the library that stands in for it', () => {
    nativeSigner(privateKey)
    const require = createRequire(import.meta.url)
    const loaded = Object.keys(require.cache)
    expect(loaded).toContain(require.resolve('secp256k1/bindings'))
    expect(loaded.filter((file) => file.includes('elliptic'))).toEqual([])
  })

  it('refuses where there is no binding for the machine, and names what there is instead', () => {
    // What the package looks for its binding by
    const elsewhere = { npm_config_arch: 'none', npm_config_platform: 'elsewhere' }
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('native-elsewhere.ts', import.meta.url))],
      { encoding: 'utf8', env: { ...process.env, ...elsewhere } },
    )
    expect(stderr).toBe('')
    const { native, backend, others } = JSON.parse(stdout)
    expect(native.code).toBe('ERR_SIGNER_UNAVAILABLE')
    expect(native.message).toMatch(/got a package without it .*localSigner\(key\).*opensslSigner/)
    expect(backend).toEqual(native)
    expect(others).toEqual({ made: true })
  })
})
