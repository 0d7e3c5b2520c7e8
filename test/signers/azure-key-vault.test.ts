import {
  type AzureKeyVaultSignerOptions,
  azureKeyVaultSigner,
} from 'orgid-bearer/signers/azure-key-vault'
import { afterEach, describe, expect, it } from 'vitest'
import { keyVersion, startAzureKeyVault } from './stub-azure-key-vault.js'

const input = Buffer.from('header.claims')

describe('azureKeyVaultSigner', () => {
  let stub: Awaited<ReturnType<typeof startAzureKeyVault>> | undefined
  const start = async (key?: Readonly<Record<string, unknown>>) => {
    stub = await startAzureKeyVault(key)
    return stub
  }
  afterEach(() => stub?.close())

  it('keeps to the version that is current when it is made', async () => {
    const { signer, paths } = await start()
    const made = await signer()
    expect(paths.at(0)).toBe('GET /keys/orgid/')
    await made.sign(input, {})
    expect(paths.at(-1)).toBe(`POST /keys/orgid/${keyVersion}/sign`)
  })

  it('takes the version that it is told', async () => {
    const { client, paths } = await start()
    const signer = await azureKeyVaultSigner({ client, keyName: 'orgid', keyVersion })
    expect(paths).toEqual([`GET /keys/orgid/${keyVersion}`])
    expect(await signer.sign(input, {})).toHaveLength(64)
  })

  it.each(['P-256K', 'SECP256K1'])('takes a key whose curve is called %s', async (crv) => {
    const { signer } = await start({ crv })
    expect(await (await signer()).sign(input, {})).toHaveLength(64)
  })

  it('ends what the client has under way when its time is over', async () => {
    const { signer, service } = await start()
    const impatient = await signer({ attempts: 1, attemptTimeout: 1 })
    service.faults.push('hanging')
    await expect(impatient.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    await expect.poll(() => service.atOnce, { timeout: 10_000 }).toBe(0)
  })

  it.each<[string, Readonly<Record<string, unknown>>, string, RegExp]>([
    ['of another curve', { crv: 'P-256' }, 'ERR_KEY_CURVE', /got type EC-HSM on curve P-256\./],
    ['of another type', { kty: 'RSA', crv: undefined }, 'ERR_KEY_CURVE', /got type RSA\./],
    ['that may not sign', { key_ops: ['verify'] }, 'ERR_INVALID_KEY', /key operations/],
    ['whose point is on no curve', { x: 'AAAA', y: 'AAAA' }, 'ERR_INVALID_KEY', /publicKey/],
    ['without a point', { x: undefined }, 'ERR_KEY_CURVE', /P-256K/],
  ])('refuses a key %s', async (_, key, code, message) => {
    const { signer } = await start(key)
    await expect(signer()).rejects.toMatchObject({ code, message })
  })

  const client = { getKey: () => {}, getCryptographyClient: () => {} }
  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['no client', { keyName: 'orgid' }, /^client: /],
    ['a CryptographyClient', { client: { sign: () => {} }, keyName: 'orgid' }, /a KeyClient/],
    ['no key name', { client }, /^keyName: /],
    ['a URL for a name', { client, keyName: 'https://vault/keys/orgid' }, /^keyName: /],
    ['a path for a version', { client, keyName: 'orgid', keyVersion: '../x' }, /^keyVersion: /],
    ['no concurrency', { client, keyName: 'orgid', concurrency: 0 }, /^concurrency: /],
    ['a misspelt option', { client, name: 'orgid' }, /name/],
  ])('refuses %s', async (_, options, message) => {
    const call = azureKeyVaultSigner(options as unknown as AzureKeyVaultSignerOptions)
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message })
  })
})
