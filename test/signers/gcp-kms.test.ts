import { generateKeyPairSync } from 'node:crypto'
import { protos } from '@google-cloud/kms'
import { type GcpKmsSignerOptions, gcpKmsSigner } from 'orgid-bearer/signers/gcp-kms'
import { afterEach, describe, expect, it } from 'vitest'
import { type GcpAnswers, keyVersion, startGcpKms } from './stub-gcp-kms.js'

const { EC_SIGN_P256_SHA256 } =
  protos.google.cloud.kms.v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm
const input = Buffer.from('header.claims')

describe('gcpKmsSigner', () => {
  let stub: Awaited<ReturnType<typeof startGcpKms>> | undefined
  const start = async (answers?: GcpAnswers) => {
    stub = await startGcpKms(answers)
    return stub
  }
  afterEach(() => stub?.close())

  it.each<[string, GcpAnswers['signature'], RegExp]>([
    ['says that the digest came damaged', { verifiedDigestCrc32c: false }, /the digest/],
    ['has a checksum of another signature', { signatureCrc32c: { value: 1 } }, /the signature/],
    ['has no checksum', { signatureCrc32c: null }, /the signature/],
  ])('asks again where an answer %s', async (_, signature, message) => {
    const { signer, service } = await start({ signature: signature ?? {} })
    const call = (await signer({ attempts: 2 })).sign(input, {})
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_SIGNATURE', message })
    expect(service.requests).toBe(2)
  })

  it('leaves the client no attempts of its own', async () => {
    const { signer, service } = await start()
    service.always = 'reset'
    const call = (await signer({ attempts: 2 })).sign(input, {})
    await expect(call).rejects.toMatchObject({ code: 'ERR_SIGNER_FAILED', message: /UNAVAILABLE/ })
    expect(service.requests).toBe(2)
  })

  it('ends what the client has under way when its time is over', async () => {
    const { signer, service } = await start()
    const impatient = await signer({ attempts: 1, attemptTimeout: 1 })
    service.faults.push('hanging')
    await expect(impatient.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    await expect.poll(() => service.atOnce, { timeout: 10_000 }).toBe(0)
  })

  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const pem = p256.export({ format: 'pem', type: 'spki' }) as string
  it.each<[string, GcpAnswers['publicKey'], string, RegExp]>([
    [
      'of another algorithm',
      { algorithm: EC_SIGN_P256_SHA256, pem },
      'ERR_KEY_CURVE',
      /got EC_SIGN_P256_SHA256/,
    ],
    ['of another curve than it says', { pem }, 'ERR_KEY_CURVE', /prime256v1/],
    ['without a public half', { pem: '' }, 'ERR_INVALID_KEY', /publicKey/],
  ])('refuses a key version %s', async (_, publicKey, code, message) => {
    const { signer } = await start({ publicKey: publicKey ?? {} })
    await expect(signer()).rejects.toMatchObject({ code, message })
  })

  const client = { asymmetricSign: () => {}, getPublicKey: () => {} }
  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['no client', { keyVersion }, /^client: /],
    ['a client of something else', { client: { sign: () => {} }, keyVersion }, /^client: /],
    ['no key version', { client }, /^keyVersion: /],
    ['a key without version', { client, keyVersion: keyVersion.slice(0, -20) }, /name one/],
    ['no time', { client, keyVersion, attemptTimeout: 0 }, /^attemptTimeout: /],
    ['a misspelt option', { client, keyversion: keyVersion }, /keyversion/],
  ])('refuses %s', async (_, options, message) => {
    const call = gcpKmsSigner(options as unknown as GcpKmsSignerOptions)
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message })
  })
})
