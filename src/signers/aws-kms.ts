import { describe, OrgidAuthError } from '../errors.js'
import { invalidOption, type Own, readOptions } from '../options.js'
import { attempt } from './attempts.js'
import { remoteSigner } from './remote.js'
import { type RemoteSignerOptions, readRemoteOptions, remoteOptionNames } from './remote-options.js'
import type { Signer } from './signer.js'
import { isConnectionFault, isTransientStatus } from './transient.js'

/** The part of `KMS` of `@aws-sdk/client-kms` 3 that is used. */
export interface AwsKms {
  getPublicKey(input: AwsGetPublicKeyInput, options: AwsCallOptions): Promise<AwsPublicKey>
  sign(input: AwsSignInput, options: AwsCallOptions): Promise<AwsSignature>
}

/** The part of `KMSClient` of `@aws-sdk/client-kms` 3 that is used. */
export interface AwsKmsClient {
  send(command: never, options: AwsCallOptions): Promise<unknown>
}

/** What a `KMSClient` is asked with. */
export interface AwsKmsCommands {
  readonly GetPublicKeyCommand: new (input: AwsGetPublicKeyInput) => unknown
  readonly SignCommand: new (input: AwsSignInput) => unknown
}

interface AwsGetPublicKeyInput {
  KeyId: string
}

interface AwsSignInput {
  KeyId: string
  Message: Uint8Array
  MessageType: 'DIGEST'
  SigningAlgorithm: 'ECDSA_SHA_256'
}

interface AwsCallOptions {
  abortSignal?: AbortSignal
}

interface AwsPublicKey {
  readonly PublicKey?: Uint8Array | undefined
  readonly KeySpec?: string | undefined
  readonly KeyUsage?: string | undefined
}

interface AwsSignature {
  readonly Signature?: Uint8Array | undefined
}

/** A key in AWS KMS. Retries of the client multiply with those here: give it `maxAttempts: 1`. */
export type AwsKmsSignerOptions = RemoteSignerOptions & {
  /** The key's ARN or id. An alias that is moved while the signer lives makes it fail. */
  readonly keyId: string
} & (
    | { readonly client: AwsKms; readonly commands?: never }
    | { readonly client: AwsKmsClient; readonly commands: AwsKmsCommands }
  )

const service = 'AWS KMS'

/**
 * A {@link Signer} over a key in AWS KMS, of spec ECC_SECG_P256K1 and for SIGN_VERIFY. It needs
 * the permissions `kms:GetPublicKey` (once, now) and `kms:Sign`.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`, `ERR_KEY_CURVE`, `ERR_INVALID_KEY`,
 *   `ERR_SIGNER_FAILED`, `ERR_SIGNER_TIMEOUT`; for those of its `sign` see `remoteSigner`.
 *
 * @example
 * ```ts
 * const key = await awsKmsSigner({ client: new KMS({ maxAttempts: 1 }), keyId: 'arn:aws:kms:…' })
 * ```
 */
export async function awsKmsSigner(options: AwsKmsSignerOptions): Promise<Signer> {
  const own = readOptions(
    options as AwsKmsSignerOptions & { readonly commands?: AwsKmsCommands },
    ['client', 'commands', 'keyId', ...remoteOptionNames],
    'options',
  )
  const { keyId } = own
  if (typeof keyId !== 'string' || keyId === '') {
    throw invalidOption('keyId', "the key's ARN or id", describe(keyId))
  }
  const limits = readRemoteOptions(own)
  const kms = readClient(own)

  const found = await attempt({
    ...limits,
    service,
    wanted: 'the public key',
    ask: ({ signal }) => kms.getPublicKey({ KeyId: keyId }, { abortSignal: signal }),
    isTransient,
  })
  return remoteSigner({
    ...limits,
    service,
    publicKey: readPublicKey(found),
    sign: async ({ digest }, { signal }) => {
      const input = {
        KeyId: keyId,
        Message: digest,
        MessageType: 'DIGEST',
        SigningAlgorithm: 'ECDSA_SHA_256',
      } as const
      const { Signature } = await kms.sign(input, { abortSignal: signal })
      return Signature ?? new Uint8Array()
    },
    isTransient,
  })
}

function readClient({ client, commands }: Own<AwsKmsSignerOptions>): AwsKms {
  if (commands === undefined) {
    const kms = client as Partial<AwsKms> | undefined
    if (typeof kms?.sign === 'function' && typeof kms.getPublicKey === 'function')
      return kms as AwsKms
    throw invalidOption(
      'client',
      'a KMS of @aws-sdk/client-kms',
      describe(client),
      'With a KMSClient, add commands: { GetPublicKeyCommand, SignCommand }',
    )
  }
  const { GetPublicKeyCommand, SignCommand } = readOptions<AwsKmsCommands>(
    commands,
    ['GetPublicKeyCommand', 'SignCommand'],
    'commands',
  )
  if (typeof GetPublicKeyCommand !== 'function' || typeof SignCommand !== 'function') {
    throw invalidOption(
      'commands',
      'GetPublicKeyCommand and SignCommand of @aws-sdk/client-kms',
      'not both of them',
    )
  }
  const send = (client as Partial<AwsKmsClient> | undefined)?.send
  if (typeof send !== 'function') {
    throw invalidOption('client', 'a KMSClient of @aws-sdk/client-kms', describe(client))
  }
  return {
    getPublicKey: (input, call) =>
      send.call(client, new GetPublicKeyCommand(input) as never, call) as Promise<AwsPublicKey>,
    sign: (input, call) =>
      send.call(client, new SignCommand(input) as never, call) as Promise<AwsSignature>,
  }
}

/** SPKI in base64. */
function readPublicKey({ PublicKey, KeySpec, KeyUsage }: AwsPublicKey): string {
  if (KeySpec !== 'ECC_SECG_P256K1') {
    throw new OrgidAuthError(
      'ERR_KEY_CURVE',
      `${service}: expected a key of spec ECC_SECG_P256K1 (secp256k1), got ${quote(KeySpec)}. Create one with: aws kms create-key --key-spec ECC_SECG_P256K1 --key-usage SIGN_VERIFY`,
    )
  }
  if (KeyUsage !== 'SIGN_VERIFY') {
    throw new OrgidAuthError(
      'ERR_INVALID_KEY',
      `${service}: expected a key for SIGN_VERIFY, got one for ${quote(KeyUsage)}. A key's usage is chosen when it is created`,
    )
  }
  return Buffer.from(PublicKey ?? []).toString('base64')
}

function quote(value: unknown): string {
  return typeof value === 'string' && /^\w{1,40}$/.test(value) ? value : describe(value)
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html; those of a status below 500. */
const throttled: ReadonlySet<unknown> = new Set([
  'LimitExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TooManyRequestsException',
])

function isTransient(error: unknown): boolean {
  const { name, $metadata } = (error ?? {}) as {
    readonly name?: unknown
    readonly $metadata?: { readonly httpStatusCode?: unknown }
  }
  return (
    throttled.has(name) ||
    name === 'TimeoutError' ||
    isTransientStatus($metadata?.httpStatusCode) ||
    isConnectionFault(error)
  )
}
