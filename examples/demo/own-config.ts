import { readFileSync } from 'node:fs'
import axios from 'axios'
import {
  createOrgidAuth,
  localSigner,
  type OrgidAuthOptions,
  orgJsonEntries,
  type PartnerOptions,
  type PrivateKeyInput,
  type Signer,
} from 'orgid-bearer'
import { attachAuth } from 'orgid-bearer/axios'
import { type OrgJson, type RecordedRequest, startPartner } from 'orgid-bearer/testing'
import { bold, columns, cyan, dim, green, heading, print, red } from './terminal.js'
import { describeToken } from './token-words.js'

/** What is wrong with what the user gave us, in words for the user. */
export class InputError extends Error {}

/** The user's own configuration, found good by the library. */
export interface OwnConfig {
  readonly options: OrgidAuthOptions
  readonly signer: Signer
  /** The partners' names, given or made up by the library. */
  readonly names: readonly string[]
}

/**
 * @throws OrgidAuthError for a configuration or a key that the library refuses.
 * @throws InputError for a file that cannot be read.
 */
export function readOwnConfig(configFile: string, keyFile: string): OwnConfig {
  const config = parseConfig(readText(configFile, '--config'), configFile)
  const signer = localSigner(withPassphrase(readText(keyFile, '--key')))
  const options = { ...config, key: signer }
  // As it will run in production: this is where the library has its say
  const names = createOrgidAuth(options)
    .status()
    .partners.map(({ name }) => name)
  return { options, signer, names }
}

/** Calls a double of each partner, prints what came of it, and returns whether all were content. */
export async function tryOwnConfig({ options, signer, names }: OwnConfig): Promise<boolean> {
  const orgJson = documentsOf(options, signer)
  let accepted = 0
  let asked = 0

  for (const [index, partner] of options.partners.entries()) {
    for (const audience of [partner.did, ...(partner.audiences ?? [])]) {
      heading(audience === partner.did ? `${names[index]}` : `${names[index]}, another audience`)
      const request = await callDouble(options, partner, audience, orgJson)
      asked += 1
      if (request.verdict.accepted) accepted += 1
      for (const line of columns([...describeToken(request), verdictRow(request)])) print(line)
    }
  }

  heading('What to register in ORG.JSON, so that partners find your public key')
  print(dim('Older partners look into publicKey, current ones into verificationMethod.'))
  for (const document of orgJson) print(JSON.stringify(document, null, 2))

  const holds = accepted === asked
  const summary = `${accepted} of ${asked} doubles accepted the token.`
  print(`\n${bold(holds ? green(summary) : red(summary))}`)
  print(dim('All of them were on loopback: no request left this machine.'))
  return holds
}

/** Sends one call, of which the partner's double keeps the record. */
async function callDouble(
  options: OrgidAuthOptions,
  partner: PartnerOptions,
  audience: string,
  orgJson: readonly OrgJson[],
): Promise<RecordedRequest> {
  const { scopeFormat = 'json-string', scope = [], pathPrefix = '' } = partner
  // Only this form of scope is one that a partner is known to check
  const requiredScope = scopeFormat === 'json-string' ? [scope].flat() : []
  await using double = await startPartner({
    did: audience,
    profile: /^did:orgid:\d+:/.test(audience) ? 'current' : 'older',
    orgJson,
    ...(requiredScope.length > 0 && { requiredScope }),
  })
  const auth = createOrgidAuth({
    ...options,
    partners: [{ ...partner, origin: double.origin, allowLoopbackHttp: true }],
  })
  const http = axios.create({ validateStatus: null })
  attachAuth(http, auth)
  await http.get(double.url(`${pathPrefix}/`), { orgid: { audience } })
  const [request] = double.requests
  if (request === undefined) throw new Error('the double saw no request')
  return request
}

function verdictRow({ verdict }: RecordedRequest): string[] {
  if (verdict.accepted) return [cyan('the double'), green('✓ accepts it')]
  return [cyan('the double'), red(`✗ refuses it: ${verdict.reason}`)]
}

/** One ORG.JSON for each form of the own DID, with all keys registered under it. */
function documentsOf(options: OrgidAuthOptions, signer: Signer): OrgJson[] {
  const issuers = new Set([
    options.issuer,
    ...options.partners.map((partner) => partner.issuer ?? options.issuer),
  ])
  const documents = new Map<
    string,
    Required<Pick<OrgJson, 'id' | 'publicKey' | 'verificationMethod'>>
  >()
  for (const issuer of issuers) {
    const id = issuer.split('#', 1)[0] as string
    const { publicKey, verificationMethod } = orgJsonEntries(issuer, signer.publicKey)
    const known = documents.get(id)
    documents.set(id, {
      id,
      publicKey: [...(known?.publicKey ?? []), ...publicKey],
      verificationMethod: [...(known?.verificationMethod ?? []), ...verificationMethod],
    })
  }
  return [...documents.values()]
}

function withPassphrase(key: string): PrivateKeyInput {
  const passphrase = process.env.ORGID_KEY_PASSPHRASE
  return passphrase === undefined ? key : { key, passphrase }
}

function readText(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new InputError(
      `${option}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`,
    )
  }
}

function parseConfig(text: string, file: string): OrgidAuthOptions {
  let config: OrgidAuthOptions
  try {
    config = JSON.parse(text)
  } catch {
    // JSON.parse quotes its input, which may be a key given in the wrong place
    throw new InputError(`--config: expected JSON, got something else in ${file}`)
  }
  if (config?.key !== undefined || config?.keys !== undefined) {
    throw new InputError('--config: expected no key or keys in it; give the private key with --key')
  }
  return config
}
