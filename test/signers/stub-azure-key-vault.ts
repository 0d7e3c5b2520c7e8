import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { json } from 'node:stream/consumers'
import { KeyClient, type KeyClientOptions } from '@azure/keyvault-keys'
import { azureKeyVaultSigner } from 'orgid-bearer/signers/azure-key-vault'
import type { RemoteSignerOptions } from 'orgid-bearer/signers/remote'
import { certificate, certificateKey } from '../testing/certificate.js'
import { createKeyService, type StubService } from './key-service.js'
import { listen } from './sockets.js'

export const keyVersion = '78deebed173b48e48f55abf87ed4cf71'

/** Azure Key Vault, in its REST API: https://learn.microsoft.com/rest/api/keyvault/keys */
export async function startAzureKeyVault(key: Readonly<Record<string, unknown>> = {}) {
  const service = createKeyService('r || s')
  /** What was asked for, in order. */
  const paths: string[] = []
  const server = createServer({ cert: certificate, key: certificateKey })
  const origin = () => `https://localhost:${sockets.port}`
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.authorization === undefined) return challenge(response)
    const { pathname } = new URL(request.url as string, origin())
    paths.push(`${request.method} ${pathname}`)
    const kid = `${origin()}/keys/orgid/${keyVersion}`
    if (request.method === 'GET') {
      const { x, y } = service.publicKey.export({ format: 'jwk' })
      return answer(response, 200, {
        key: { kid, kty: 'EC-HSM', key_ops: ['sign', 'verify'], crv: 'P-256K', x, y, ...key },
        attributes: { enabled: true, created: 1_700_000_000, updated: 1_700_000_000 },
      })
    }
    response.on('close', service.answered)
    const asked = (await json(request)) as { readonly alg?: string; readonly value?: string }
    const fault = await service.receive()
    const refusal = refusals[fault ?? '']
    if (fault === 'hanging') return
    if (fault === 'reset') return sockets.reset()
    if (refusal !== undefined) return answer(response, ...refusal)
    const digest = Buffer.from(asked.value ?? '', 'base64url')
    const isAsDocumented = asked.alg === 'ES256K' && digest.length === 32
    if (!isAsDocumented || pathname !== `/keys/orgid/${keyVersion}/sign`) {
      return answer(response, 400, {
        error: { code: 'BadParameter', message: 'not as documented' },
      })
    }
    answer(response, 200, { kid, value: service.sign(digest, fault).toString('base64url') })
  })
  const sockets = await listen(server)
  const options: KeyClientOptions = {
    disableChallengeResourceVerification: true,
    retryOptions: { maxRetries: 0 },
    tlsOptions: { ca: certificate },
  }
  const credential = {
    getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }),
  }
  const client = new KeyClient(origin(), credential, options)
  return {
    service,
    client,
    paths,
    signer: (limits?: RemoteSignerOptions) =>
      azureKeyVaultSigner({ client, keyName: 'orgid', ...limits }),
    close: sockets.close,
  } satisfies StubService & Record<string, unknown>
}

const refusals: Readonly<Record<string, readonly [number, object]>> = {
  throttled: [429, { error: { code: 'Throttled', message: 'Too many requests' } }],
  failing: [500, { error: { code: 'InternalError', message: 'An internal error occurred' } }],
  disabled: [
    403,
    {
      error: {
        code: 'Forbidden',
        message: 'Operation sign is not allowed on a disabled key.',
        innererror: { code: 'KeyDisabled' },
      },
    },
  ],
}

function challenge(response: ServerResponse): void {
  const parameters =
    'authorization="https://login.example/tenant", resource="https://vault.example"'
  response.setHeader('www-authenticate', `Bearer ${parameters}`)
  answer(response, 401, { error: { code: 'Unauthorized', message: 'AKV10000: no token' } })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
