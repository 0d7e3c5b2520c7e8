import { describe, isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { invalidOption, readOptions } from '../options.js'
import { attempt } from './attempts.js'
import { crc32c } from './crc32c.js'
import { remoteSigner } from './remote.js'
import { type RemoteSignerOptions, readRemoteOptions, remoteOptionNames } from './remote-options.js'
import type { Signer } from './signer.js'
import { isConnectionFault, isTransientStatus } from './transient.js'

/** The part of `KeyManagementServiceClient` of `@google-cloud/kms` 5 that is used. */
export interface GcpKmsClient {
  getPublicKey(
    request: { name: string },
    options: GcpCallOptions,
  ): Promise<readonly [GcpPublicKey, ...unknown[]]>
  asymmetricSign(
    request: { name: string; digest: { sha256: Uint8Array }; digestCrc32c: { value: number } },
    options: GcpCallOptions,
  ): Promise<readonly [GcpSignature, ...unknown[]]>
}

interface GcpCallOptions {
  /** Milliseconds. */
  timeout: number
  retry: null
}

interface GcpPublicKey {
  readonly pem?: string | null
  readonly algorithm?: string | number | null
}

interface GcpSignature {
  readonly signature?: Uint8Array | string | null
  readonly signatureCrc32c?: { readonly value?: unknown } | null
  readonly verifiedDigestCrc32c?: boolean | null
}

/** A key version in Google Cloud KMS. */
export interface GcpKmsSignerOptions extends RemoteSignerOptions {
  readonly client: GcpKmsClient
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/1` */
  readonly keyVersion: string
}

const service = 'Google Cloud KMS'
/** Its name, and its number in the API's enumeration. */
const algorithms: readonly unknown[] = ['EC_SIGN_SECP256K1_SHA256', 31]

/**
 * A {@link Signer} over a key version in Google Cloud KMS, of algorithm EC_SIGN_SECP256K1_SHA256
 * and so of protection level HSM. It needs the permissions of the role
 * `roles/cloudkms.signerVerifier`.
 *
 * The client's own retries are turned off for these calls, and its deadline is a second after
 * `attemptTimeout`.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_KEY_CURVE`, `ERR_INVALID_KEY`,
 *   `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`; for those of its `sign` see `remoteSigner`.
 *
 * @example
 * ```ts
 * const client = new KeyManagementServiceClient()
 * const key = await gcpKmsSigner({ client, keyVersion: 'projects/…/cryptoKeyVersions/1' })
 * ```
 */
export async function gcpKmsSigner(options: GcpKmsSignerOptions): Promise<Signer> {
  const own = readOptions<GcpKmsSignerOptions>(
    options,
    ['client', 'keyVersion', ...remoteOptionNames],
    'options',
  )
  const { client } = own
  if (typeof client?.asymmetricSign !== 'function' || typeof client.getPublicKey !== 'function') {
    throw invalidOption(
      'client',
      'a KeyManagementServiceClient of @google-cloud/kms',
      describe(client),
    )
  }
  const name = readKeyVersion(own.keyVersion)
  const limits = readRemoteOptions(own)
  // Without a way to abort a call, the client is told when to end it: later than we do, or it would
  // be chance whose error a caller gets
  const call = { timeout: (limits.attemptTimeout + 1) * 1_000, retry: null }

  const [found] = await attempt({
    ...limits,
    service,
    wanted: 'the public key',
    ask: () => client.getPublicKey({ name }, call),
    isTransient,
  })
  return remoteSigner({
    ...limits,
    service,
    publicKey: readPublicKey(found),
    sign: async ({ digest }) => {
      const digestCrc32c = { value: crc32c(digest) }
      const request = { name, digest: { sha256: digest }, digestCrc32c }
      const [answer] = await client.asymmetricSign(request, call)
      return readSignature(answer)
    },
    isTransient,
  })
}

function readKeyVersion(input: unknown): string {
  if (typeof input === 'string' && /\/cryptoKeyVersions\/\d+$/.test(input)) return input
  throw invalidOption(
    'keyVersion',
    'projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/1',
    describe(input),
    'A key has versions, each of them with a public key of its own: name one',
  )
}

function readPublicKey({ pem, algorithm }: GcpPublicKey): string {
  if (algorithms.includes(algorithm)) return pem ?? ''
  const got =
    typeof algorithm === 'string' && /^\w{1,60}$/.test(algorithm)
      ? algorithm
      : `algorithm ${describe(algorithm)}`
  throw new OrgidAuthError(
    'ERR_KEY_CURVE',
    `${service}: expected a key version of algorithm EC_SIGN_SECP256K1_SHA256, got ${got}. Create one with: gcloud kms keys create … --purpose asymmetric-signing --default-algorithm ec-sign-secp256k1-sha256 --protection-level hsm`,
  )
}

/** Checked as Google asks for it: https://cloud.google.com/kms/docs/data-integrity-guidelines */
function readSignature(answer: GcpSignature): Uint8Array {
  const { signature, signatureCrc32c, verifiedDigestCrc32c } = answer
  const bytes =
    typeof signature === 'string' ? Buffer.from(signature, 'base64') : (signature ?? Buffer.of())
  if (verifiedDigestCrc32c !== true) throw damaged('the digest on its way to the service')
  if (crc32c(bytes) !== Number(signatureCrc32c?.value)) throw damaged('the signature on its way')
  return bytes
}

function damaged(what: string): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_SIGNATURE',
    `${service}: expected ${what} whole, got another checksum (CRC32C). Something between the two damages what passes`,
  )
}

/** google.rpc.Code: DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE */
const transientCodes: readonly unknown[] = [4, 8, 10, 13, 14]

function isTransient(error: unknown): boolean {
  if (isOrgidAuthError(error)) return true
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return transientCodes.includes(code) || isTransientStatus(code) || isConnectionFault(error)
}
