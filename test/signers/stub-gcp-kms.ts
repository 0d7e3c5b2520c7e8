import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import { createRequire } from 'node:module'
import { buffer, json } from 'node:stream/consumers'
import { KeyManagementServiceClient, protos } from '@google-cloud/kms'
import { gcpKmsSigner } from 'orgid-bearer/signers/gcp-kms'
import type { RemoteSignerOptions } from 'orgid-bearer/signers/remote'
import { crc32c } from '../../src/signers/crc32c.js'
import { createKeyService, type Fault, type KeyService, type StubService } from './key-service.js'
import { listen } from './sockets.js'

// The client would ask Google's own machines for what it is not told, and a test has none
process.env.METADATA_SERVER_DETECTION = 'none'

const { kms } = protos.google.cloud
const { AsymmetricSignRequest, AsymmetricSignResponse, GetPublicKeyRequest, PublicKey } = kms.v1
const { EC_SIGN_SECP256K1_SHA256 } = kms.v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm

type SignRequest = protos.google.cloud.kms.v1.IAsymmetricSignRequest
type SignResponse = protos.google.cloud.kms.v1.IAsymmetricSignResponse
type PublicKeyResponse = protos.google.cloud.kms.v1.IPublicKey

export const keyVersion =
  'projects/p/locations/europe-west1/keyRings/r/cryptoKeys/orgid/cryptoKeyVersions/1'

/** What a stub answers in place of what the service does. */
export interface GcpAnswers {
  readonly publicKey?: PublicKeyResponse
  readonly signature?: SignResponse
}

/** Cloud KMS in gRPC over HTTP/2, which its client speaks unless told otherwise. */
export async function startGcpKms(answers: GcpAnswers = {}) {
  const service = createKeyService('DER')
  const server = createServer()
  server.on('stream', async (stream, { ':path': path = '' }) => {
    stream.on('error', () => {})
    // A message is preceded by a flag and its length
    const message = (await buffer(stream)).subarray(5)
    if (path.endsWith('/GetPublicKey')) {
      const { name } = GetPublicKeyRequest.decode(message)
      return reply(
        stream,
        PublicKey.encode(PublicKey.create(publicKeyOf(service, name, answers))).finish(),
      )
    }
    stream.on('close', service.answered)
    const fault = await service.receive()
    if (fault === 'hanging') return
    if (fault === 'reset') return sockets.reset()
    const refusal = refusals[fault ?? '']
    if (refusal !== undefined) return refuse(stream, refusal.code, refusal.message)
    const asked = AsymmetricSignRequest.decode(message)
    const signed = signatureOf(service, asked, fault, answers)
    if (signed === undefined) return refuse(stream, 3, 'not as documented')
    reply(stream, AsymmetricSignResponse.encode(AsymmetricSignResponse.create(signed)).finish())
  })
  const sockets = await listen(server)
  const client = new KeyManagementServiceClient({
    apiEndpoint: '127.0.0.1',
    port: sockets.port,
    sslCreds: grpcOfTheClient().credentials.createInsecure(),
  })
  return stub(service, client, sockets.close)
}

/** Cloud KMS in REST, for clients behind a proxy that knows no HTTP/2: `fallback: true`. */
export async function startGcpKmsRest(answers: GcpAnswers = {}) {
  const service = createKeyService('DER')
  const server = createHttpServer(async (request, response) => {
    if (request.method === 'GET') {
      const { pemCrc32c, ...rest } = publicKeyOf(service, keyVersion, answers)
      return answer(response, 200, { ...rest, pemCrc32c: String(pemCrc32c?.value) })
    }
    response.on('close', service.answered)
    const { digest, digestCrc32c } = (await json(request)) as {
      readonly digest: { readonly sha256: string }
      readonly digestCrc32c: string
    }
    const fault = await service.receive()
    if (fault === 'hanging') return
    if (fault === 'reset') return sockets.reset()
    const refusal = refusals[fault ?? '']
    if (refusal !== undefined) {
      const { http: code, message, status } = refusal
      return answer(response, code, { error: { code, message, status } })
    }
    const asked = {
      name: keyVersion,
      digest: { sha256: Buffer.from(digest.sha256, 'base64') },
      digestCrc32c: { value: digestCrc32c },
    }
    const { signature, signatureCrc32c, ...rest } =
      signatureOf(service, asked, fault, answers) ?? {}
    answer(response, 200, {
      ...rest,
      signature: Buffer.from(signature as Uint8Array).toString('base64'),
      signatureCrc32c: String(signatureCrc32c?.value),
    })
  })
  const sockets = await listen(server)
  const options = {
    fallback: true,
    apiEndpoint: '127.0.0.1',
    port: sockets.port,
    protocol: 'http',
    apiKey: 'key',
    projectId: 'p',
  }
  return stub(service, new KeyManagementServiceClient(options), sockets.close)
}

function stub(
  service: KeyService,
  client: KeyManagementServiceClient,
  closeServer: () => Promise<void>,
) {
  return {
    service,
    client,
    signer: (options?: RemoteSignerOptions) => gcpKmsSigner({ client, keyVersion, ...options }),
    close: async () => {
      await client.close()
      await closeServer()
    },
  } satisfies StubService & Record<string, unknown>
}

/** Credentials have to be of the very copy of gRPC that the client uses. */
function grpcOfTheClient(): {
  readonly credentials: { createInsecure(): never }
} {
  const { resolve } = createRequire(import.meta.url)
  return createRequire(resolve('@google-cloud/kms'))('google-gax').grpc
}

function publicKeyOf(
  service: KeyService,
  name: string,
  { publicKey }: GcpAnswers,
): PublicKeyResponse {
  const pem = service.publicKey.export({ format: 'pem', type: 'spki' }) as string
  return {
    name,
    pem,
    pemCrc32c: { value: crc32c(Buffer.from(pem)) },
    algorithm: EC_SIGN_SECP256K1_SHA256,
    ...publicKey,
  }
}

function signatureOf(
  service: KeyService,
  asked: SignRequest,
  fault: Fault | undefined,
  answers: GcpAnswers,
): SignResponse | undefined {
  const digest = asked.digest?.sha256 as Uint8Array
  if (asked.name !== keyVersion || digest.length !== 32) return undefined
  const signature = service.sign(digest, fault)
  return {
    name: keyVersion,
    signature,
    signatureCrc32c: { value: crc32c(signature) },
    verifiedDigestCrc32c: crc32c(digest) === Number(asked.digestCrc32c?.value),
    ...answers.signature,
  }
}

const refusals: Readonly<
  Record<string, { code: number; http: number; status: string; message: string }>
> = {
  throttled: { code: 8, http: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded' },
  failing: { code: 13, http: 500, status: 'INTERNAL', message: 'Internal error' },
  disabled: {
    code: 9,
    http: 400,
    status: 'FAILED_PRECONDITION',
    message: `${keyVersion} is not enabled, current state is: DISABLED.`,
  },
}

const grpcHeaders = { ':status': 200, 'content-type': 'application/grpc' }

function reply(stream: ServerHttp2Stream, message: Uint8Array): void {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  stream.respond(grpcHeaders, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(Buffer.concat([head, message]))
}

function refuse(stream: ServerHttp2Stream, code: number, message: string): void {
  const trailers = { 'grpc-status': String(code), 'grpc-message': message }
  stream.respond({ ...grpcHeaders, ...trailers }, { endStream: true })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
