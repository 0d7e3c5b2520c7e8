// A cached Authorization header, as other libraries give it.
import { generateKeyPairSync } from 'node:crypto'
import {
  bearerTokenAuthenticationPolicy,
  createHttpHeaders,
  createPipelineRequest,
} from '@azure/core-rest-pipeline'
import { JWTAccess } from 'google-auth-library'

const anHour = 3_600_000

/** One slot for all that goes through it. */
export function azurePolicy(token) {
  const policy = bearerTokenAuthenticationPolicy({
    credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + anHour }) },
    scopes: 'https://management.example/.default',
  })
  const next = async ({ headers }) => headers
  return {
    // Made before, as the pipeline does for its own purposes
    request: (url) => createPipelineRequest({ url, headers: createHttpHeaders() }),
    send: (request) => policy.sendRequest(request, next),
  }
}

/** Caches by the URL as it is given, so it has to be asked for the same ones. */
export function googleJwtAccess() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  const access = new JWTAccess('bench@example.iam.gserviceaccount.com', pem, 'key')
  return (url) => access.getRequestHeaders(url)
}
