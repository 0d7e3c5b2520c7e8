import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { KMS, type KMSClientConfig } from '@aws-sdk/client-kms'
import { awsKmsSigner } from 'orgid-bearer/signers/aws-kms'
import type { RemoteSignerOptions } from 'orgid-bearer/signers/remote'
import { createKeyService, type StubService } from './key-service.js'
import { listen } from './sockets.js'

export const keyId = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

interface Asked {
  readonly KeyId?: string
  readonly Message?: string
  readonly MessageType?: string
  readonly SigningAlgorithm?: string
}

/** AWS KMS, in its JSON 1.1 protocol: https://docs.aws.amazon.com/kms/latest/APIReference/ */
export async function startAwsKms(publicKeyAnswer: Readonly<Record<string, unknown>> = {}) {
  const service = createKeyService('DER')
  const server = createServer(async (request, response) => {
    const asked = (await json(request)) as Asked
    if (request.headers['x-amz-target'] === 'TrentService.GetPublicKey') {
      return answer(response, 200, {
        KeyId: keyId,
        KeySpec: 'ECC_SECG_P256K1',
        CustomerMasterKeySpec: 'ECC_SECG_P256K1',
        KeyUsage: 'SIGN_VERIFY',
        SigningAlgorithms: ['ECDSA_SHA_256'],
        PublicKey: service.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
        ...publicKeyAnswer,
      })
    }
    response.on('close', service.answered)
    const fault = await service.receive()
    const refusal = refusals[fault ?? '']
    if (fault === 'hanging') return
    if (fault === 'reset') return sockets.reset()
    if (refusal !== undefined) return answer(response, ...refusal)
    if (!isSignRequest(request, asked)) {
      return answer(response, 400, { __type: 'ValidationException', message: 'not as documented' })
    }
    const digest = Buffer.from(asked.Message as string, 'base64')
    answer(response, 200, {
      KeyId: keyId,
      Signature: service.sign(digest, fault).toString('base64'),
      SigningAlgorithm: 'ECDSA_SHA_256',
    })
  })
  const sockets = await listen(server)
  const config: KMSClientConfig = {
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${sockets.port}`,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  }
  const client = new KMS(config)
  return {
    service,
    config,
    client,
    signer: (options?: RemoteSignerOptions) => awsKmsSigner({ client, keyId, ...options }),
    close: async () => {
      client.destroy()
      await sockets.close()
    },
  } satisfies StubService & Record<string, unknown>
}

function isSignRequest({ headers }: IncomingMessage, asked: Asked): boolean {
  return (
    headers['x-amz-target'] === 'TrentService.Sign' &&
    asked.KeyId === keyId &&
    asked.MessageType === 'DIGEST' &&
    asked.SigningAlgorithm === 'ECDSA_SHA_256' &&
    Buffer.from(asked.Message ?? '', 'base64').length === 32
  )
}

const refusals: Readonly<Record<string, readonly [number, object]>> = {
  throttled: [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }],
  failing: [500, { __type: 'KMSInternalException' }],
  disabled: [400, { __type: 'DisabledException', message: `${keyId} is disabled.` }],
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(body))
}
