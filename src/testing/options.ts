import { createSecureContext } from 'node:tls'
import { parseDid } from '../did.js'
import { describe } from '../errors.js'
import { loadPublicKey, type PublicKeyInput } from '../keys/public.js'
import { invalidOption, readNumber, readOptions } from '../options.js'
import type { KnownKeys, OrgJson } from './orgjson.js'
import type { PartnerProfile } from './verdict.js'

/** How a server on loopback is started. */
export interface StrangerOptions {
  /** For https: a certificate of your own, and its key, in PEM. Default: http. */
  readonly tls?: { readonly key: string | Uint8Array; readonly cert: string | Uint8Array }
  /** Default: 0, any free one. */
  readonly port?: number
  /** How `origin` names the loopback address; the server listens on 127.0.0.1. Default: that. */
  readonly hostname?: '127.0.0.1' | 'localhost'
  /** The clock before `clockSkew`, in epoch seconds. Default: the system's. */
  readonly now?: () => number
}

/** How {@link startPartner} starts a partner: with its callers' `orgJson`, or one `publicKey`. */
export interface PartnerServerOptions extends StrangerOptions {
  /** The partner's own ORGiD, in the form in which callers address it. */
  readonly did: string
  readonly profile: PartnerProfile
  /** The callers' ORG.JSON, in which the partner looks keys up. */
  readonly orgJson?: OrgJson | readonly OrgJson[]
  /** One key instead, taken for every issuer's and under every fragment the profile can read. */
  readonly publicKey?: PublicKeyInput
  /** Scopes that a token must carry; `current` alone checks them. Default: none. */
  readonly requiredScope?: readonly string[]
}

/** Options, checked. @internal */
export interface PartnerSettings {
  readonly did: string | undefined
  readonly profile: PartnerProfile | undefined
  readonly keys: KnownKeys | undefined
  readonly requiredScope: readonly string[] | undefined
  readonly tls: { key: string | Buffer; cert: string | Buffer } | undefined
  readonly port: number
  readonly hostname: string
  readonly now: () => number
}

const strangerNames = ['tls', 'port', 'hostname', 'now'] as const
const partnerNames = [
  ...strangerNames,
  'did',
  'profile',
  'orgJson',
  'publicKey',
  'requiredScope',
] as const

/** @internal */
export function readStrangerOptions(input: StrangerOptions): PartnerSettings {
  const own = readOptions<StrangerOptions>(input, strangerNames, 'startStranger')
  return {
    ...readServer(own),
    did: undefined,
    profile: undefined,
    keys: undefined,
    requiredScope: undefined,
  }
}

/** @internal */
export function readPartnerOptions(input: PartnerServerOptions): PartnerSettings {
  const own = readOptions<PartnerServerOptions>(input, partnerNames, 'startPartner')
  const { did, profile, requiredScope } = own
  if (profile !== 'older' && profile !== 'current') {
    throw invalidOption('profile', "'older' or 'current'", describe(profile))
  }
  const parsed = parseDid(did, 'did')
  if (parsed.fragment !== undefined) {
    throw invalidOption('did', "a partner's ORGiD without fragment", 'one with')
  }
  if (profile === 'older' && parsed.chain !== undefined) {
    throw invalidOption(
      'did',
      'the form without chain, which is all that older partners know',
      'one with a chain',
    )
  }
  const isScope =
    requiredScope === undefined ||
    (Array.isArray(requiredScope) && requiredScope.every((one) => typeof one === 'string'))
  if (!isScope) throw invalidOption('requiredScope', 'an array of strings', describe(requiredScope))
  return { ...readServer(own), did: parsed.did, profile, keys: readKeys(own), requiredScope }
}

function readKeys({
  orgJson,
  publicKey,
}: {
  readonly orgJson?: OrgJson | readonly OrgJson[] | undefined
  readonly publicKey?: PublicKeyInput | undefined
}): KnownKeys {
  if ((orgJson === undefined) === (publicKey === undefined)) {
    const got = orgJson === undefined ? 'neither' : 'both'
    throw invalidOption('orgJson', 'either orgJson or publicKey', got)
  }
  if (publicKey !== undefined) return { publicKey: loadPublicKey(publicKey, 'publicKey') }
  return readOrgJson(orgJson)
}

/** @internal */
export function readOrgJson(orgJson: unknown): KnownKeys {
  const documents = [orgJson].flat() as readonly unknown[]
  const strange = documents.find((one) => typeof one !== 'object' || one === null)
  if (strange !== undefined || documents.length === 0) {
    const got = documents.length === 0 ? 'an empty array' : describe(strange)
    throw invalidOption('orgJson', 'an ORG.JSON document, or an array of them', got)
  }
  return { orgJson: documents as readonly OrgJson[] }
}

type Server = Pick<PartnerSettings, 'tls' | 'port' | 'hostname' | 'now'>

function readServer(
  own: { readonly [K in keyof StrangerOptions]?: StrangerOptions[K] | undefined },
): Server {
  const { tls, hostname = '127.0.0.1', now = () => Date.now() / 1000 } = own
  const port = readNumber(own.port, 'port', { min: 0, max: 65_535, fallback: 0, unit: 'a port' })
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') {
    throw invalidOption('hostname', "'127.0.0.1' or 'localhost'", describe(hostname))
  }
  if (typeof now !== 'function') throw invalidOption('now', 'a function', describe(now))
  if (tls !== undefined && (typeof tls !== 'object' || tls === null || !tls.key || !tls.cert)) {
    throw invalidOption('tls', '{ key, cert }', describe(tls))
  }
  return { tls: tls && readTls(tls), port, hostname, now }
}

function readTls({ key, cert }: NonNullable<StrangerOptions['tls']>): Server['tls'] {
  const tls = { key: toPem(key), cert: toPem(cert) }
  try {
    createSecureContext(tls)
  } catch {
    // OpenSSL's own words for this help nobody
    throw invalidOption('tls', 'a certificate and its private key in PEM', 'a pair that is none')
  }
  return tls
}

function toPem(text: string | Uint8Array): string | Buffer {
  return typeof text === 'string' ? text : Buffer.from(text)
}
