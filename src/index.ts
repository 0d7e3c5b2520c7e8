export { createOrgidAuth } from './auth.js'
export { createOrgidAuthFromEnv, type FromEnvOptions } from './config/from-env.js'
export { type LoadedAuth, type LoadOptions, loadOrgidAuth } from './config/load.js'
export type { OrgidAuthOptions } from './configuration.js'
export type { CallOptions } from './context.js'
export { isOrgidAuthError, OrgidAuthError, type OrgidErrorCode } from './errors.js'
export {
  type FallbackEvent,
  type KeyActivatedEvent,
  type MintEvent,
  type OrgidEvents,
  onEvent,
  type RefreshEvent,
  type RefusedEvent,
  type RetriedEvent,
  type SignerFailedEvent,
  type SkewEvent,
  type StoreFailedEvent,
  type TokenEvent,
  type TokenFacts,
  type UnauthorizedEvent,
} from './events.js'
export type {
  InvalidateOptions,
  KeyStatus,
  OrgidAuth,
  OrgidAuthStatus,
  PartnerStatus,
} from './interface.js'
export type { Jwk } from './keys/jwk.js'
export type { PrivateKeyInput } from './keys/load.js'
export {
  type OrgJsonEntries,
  type OrgJsonPublicKey,
  type OrgJsonVerificationMethod,
  orgJsonEntries,
} from './keys/orgjson.js'
export type { PublicKeyInput } from './keys/public.js'
export type { PartnerOptions } from './partners/partner.js'
export { type LocalSignerOptions, localSigner } from './signers/local.js'
export type { Signer } from './signers/signer.js'
export type { ScopeFormat } from './tokens/claims.js'
export type { KeyOptions } from './tokens/keyring.js'
export type { TokenStore } from './tokens/store.js'
export type { Token } from './tokens/token.js'
export type { AttachableAxios } from './transports/attachable.js'
export { wrapClient } from './transports/client.js'
export { type InstallOptions, install, type Uninstall } from './transports/install.js'
export type { OrgidWarningCode } from './warning-codes.js'
