import { describe, OrgidAuthError } from '../errors.js'
import type { Jwk } from '../keys/jwk.js'
import { invalidOption, readOptions } from '../options.js'
import { attempt } from './attempts.js'
import { remoteSigner } from './remote.js'
import { type RemoteSignerOptions, readRemoteOptions, remoteOptionNames } from './remote-options.js'
import type { Signer } from './signer.js'
import { isConnectionFault, isTransientStatus } from './transient.js'

/** The part of `KeyClient` of `@azure/keyvault-keys` 4 that is used. */
export interface AzureKeyClient {
  getKey(
    name: string,
    options: { version?: string; abortSignal?: AbortSignal },
  ): Promise<AzureKeyVaultKey>
  getCryptographyClient(name: string, options: { keyVersion?: string }): AzureCryptographyClient
}

/** The part of `CryptographyClient` that is used. */
interface AzureCryptographyClient {
  sign(
    algorithm: 'ES256K',
    digest: Uint8Array,
    options: { abortSignal?: AbortSignal },
  ): Promise<{ readonly result: Uint8Array }>
}

/** The part of `KeyVaultKey` that is used. */
interface AzureKeyVaultKey {
  readonly key?: {
    readonly crv?: string
    readonly x?: Uint8Array
    readonly y?: Uint8Array
  }
  readonly keyType?: string
  readonly keyOperations?: readonly string[]
  readonly properties: { readonly version?: string }
}

/**
 * A key in Azure Key Vault or Managed HSM. Retries of the client multiply with those here: give it
 * `retryOptions: { maxRetries: 0 }`.
 */
export interface AzureKeyVaultSignerOptions extends RemoteSignerOptions {
  readonly client: AzureKeyClient
  readonly keyName: string
  /** Default: the version that is current now. A signer keeps its version. */
  readonly keyVersion?: string
}

const service = 'Azure Key Vault'

/**
 * A {@link Signer} over a key in Azure Key Vault or Managed HSM, of type EC or EC-HSM and on the
 * curve that Azure calls P-256K. It needs the permissions `get` and `sign` on keys.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_KEY_CURVE`, `ERR_INVALID_KEY`,
 *   `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`; for those of its `sign` see `remoteSigner`.
 *
 * @example
 * ```ts
 * const client = new KeyClient(vaultUrl, credential, { retryOptions: { maxRetries: 0 } })
 * const key = await azureKeyVaultSigner({ client, keyName: 'orgid' })
 * ```
 */
export async function azureKeyVaultSigner(options: AzureKeyVaultSignerOptions): Promise<Signer> {
  const own = readOptions<AzureKeyVaultSignerOptions>(
    options,
    ['client', 'keyName', 'keyVersion', ...remoteOptionNames],
    'options',
  )
  const { client } = own
  if (typeof client?.getKey !== 'function' || typeof client.getCryptographyClient !== 'function') {
    throw invalidOption('client', 'a KeyClient of @azure/keyvault-keys', describe(client))
  }
  const keyName = readName(own.keyName, 'keyName')
  const wanted =
    own.keyVersion === undefined ? {} : { version: readName(own.keyVersion, 'keyVersion') }
  const limits = readRemoteOptions(own)

  const found = await attempt({
    ...limits,
    service,
    wanted: 'the public key',
    ask: ({ signal }) => client.getKey(keyName, { ...wanted, abortSignal: signal }),
    isTransient,
  })
  const publicKey = readPublicKey(found)
  // This version, also when the vault rotates the key: its public half is the one that is known
  const keyVersion = readName(found.properties.version, 'the version of the key')
  const signing = client.getCryptographyClient(keyName, { keyVersion })
  return remoteSigner({
    ...limits,
    service,
    publicKey,
    sign: async ({ digest }, { signal }) => {
      const { result } = await signing.sign('ES256K', digest, { abortSignal: signal })
      return result
    },
    isTransient,
  })
}

function readName(value: unknown, where: string): string {
  if (typeof value === 'string' && /^[0-9A-Za-z-]{1,127}$/.test(value)) return value
  throw invalidOption(where, 'up to 127 letters, digits and hyphens', describe(value))
}

/** The curve's name today, and the one it had first. */
const curves: readonly unknown[] = ['P-256K', 'SECP256K1']

function readPublicKey({ key, keyType, keyOperations }: AzureKeyVaultKey): Jwk {
  const { crv, x, y } = key ?? {}
  if (!curves.includes(crv) || x === undefined || y === undefined) {
    throw new OrgidAuthError(
      'ERR_KEY_CURVE',
      `${service}: expected a key of type EC or EC-HSM on curve P-256K (secp256k1), got type ${quote(keyType)}${crv === undefined ? '' : ` on curve ${quote(crv)}`}. Create one with: az keyvault key create --kty EC-HSM --curve P-256K …`,
    )
  }
  if (keyOperations !== undefined && !keyOperations.includes('sign')) {
    throw new OrgidAuthError(
      'ERR_INVALID_KEY',
      `${service}: expected a key that is permitted to sign, got one that is not. Add "sign" to its key operations`,
    )
  }
  const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  return { kty: 'EC', crv: 'secp256k1', x: base64url(x), y: base64url(y) }
}

function quote(value: unknown): string {
  return typeof value === 'string' && /^[\w-]{1,40}$/.test(value) ? value : describe(value)
}

function isTransient(error: unknown): boolean {
  const { statusCode, code } = (error ?? {}) as {
    readonly statusCode?: unknown
    readonly code?: unknown
  }
  // How the SDK names a connection that failed
  return isTransientStatus(statusCode) || code === 'REQUEST_SEND_ERROR' || isConnectionFault(error)
}
