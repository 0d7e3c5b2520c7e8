import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { GetPublicKeyCommand, KMS, KMSClient, SignCommand } from '@aws-sdk/client-kms'
import { type AwsKmsSignerOptions, awsKmsSigner } from 'orgid-bearer/signers/aws-kms'
import { afterEach, describe, expect, it } from 'vitest'
import { keyId, startAwsKms } from './stub-aws-kms.js'

const input = Buffer.from('header.claims')

describe('awsKmsSigner', () => {
  let stub: Awaited<ReturnType<typeof startAwsKms>> | undefined
  const start = async (publicKey?: Readonly<Record<string, unknown>>) => {
    stub = await startAwsKms(publicKey)
    return stub
  }
  afterEach(() => stub?.close())

  it('signs with a KMSClient and its commands, as with a KMS', async () => {
    const { config, service } = await start()
    const commands = { GetPublicKeyCommand, SignCommand }
    const client = new KMSClient(config)
    const signer = await awsKmsSigner({ client, commands, keyId })
    expect(await signer.sign(input, {})).toHaveLength(64)
    expect((signer.publicKey as KeyObject).equals(service.publicKey)).toBe(true)
    client.destroy()
  })

  it('ends what the client has under way when its time is over', async () => {
    const { client, service } = await start()
    const signer = await awsKmsSigner({ client, keyId, attempts: 1, attemptTimeout: 1 })
    service.faults.push('hanging')
    await expect(signer.sign(input, {})).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
    await expect.poll(() => service.atOnce, { timeout: 10_000 }).toBe(0)
  })

  it('asks for the public key again where that can succeed', async () => {
    const { config, service } = await start()
    const away = new KMS({ ...config, endpoint: 'http://127.0.0.1:1' })
    await expect(awsKmsSigner({ client: away, keyId })).rejects.toMatchObject({
      code: 'ERR_SIGNER_FAILED',
      message: /^AWS KMS: expected the public key, got .*ECONNREFUSED.* at attempt 3$/,
    })
    expect(service.requests).toBe(0)
    away.destroy()
  })

  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const spki = p256.export({ format: 'der', type: 'spki' }).toString('base64')
  it.each<[string, Readonly<Record<string, unknown>>, string, RegExp]>([
    [
      'of another curve',
      { KeySpec: 'ECC_NIST_P256', PublicKey: spki },
      'ERR_KEY_CURVE',
      /got ECC_NIST_P256/,
    ],
    ['of another curve than it says', { PublicKey: spki }, 'ERR_KEY_CURVE', /prime256v1/],
    ['for something else', { KeyUsage: 'KEY_AGREEMENT' }, 'ERR_INVALID_KEY', /KEY_AGREEMENT/],
    ['without a public half', { PublicKey: '' }, 'ERR_INVALID_KEY', /publicKey/],
    ['of which nothing is told', { KeySpec: undefined }, 'ERR_KEY_CURVE', /got undefined/],
  ])('refuses a key %s', async (_, answer, code, message) => {
    const { signer } = await start(answer)
    await expect(signer()).rejects.toMatchObject({ code, message })
  })

  const kms = { sign: () => {}, getPublicKey: () => {} }
  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['no client', { keyId }, /^client: .*got undefined/],
    ['a KMSClient without commands', { client: { send: () => {} }, keyId }, /add commands/],
    [
      'half of the commands',
      { client: { send: () => {} }, commands: { SignCommand }, keyId },
      /^commands: /,
    ],
    [
      'commands without a client',
      { commands: { SignCommand, GetPublicKeyCommand }, keyId },
      /^client: /,
    ],
    ['no key id', { client: kms }, /^keyId: /],
    ['no attempts', { client: kms, keyId, attempts: 0 }, /^attempts: /],
    ['a misspelt option', { client: kms, keyID: keyId }, /keyID/],
  ])('refuses %s', async (_, options, message) => {
    const call = awsKmsSigner(options as unknown as AwsKmsSignerOptions)
    await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message })
  })
})
