import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { createOrgidAuth } from '../auth.js'
import type { Config, KeySource } from '../config/sources.js'
import { passphraseIn, readText } from '../config/text.js'
import type { OrgidAuthOptions } from '../configuration.js'
import { parseDuration } from '../duration.js'
import { moment, span } from '../words.js'
import { accessOf, removeFiles, replaceText } from './files.js'
import { keyPath } from './init.js'
import { stranger } from './init-answers.js'
import { CliError, type Io, type Result, usageError } from './io.js'
import { keyFiles, refuseEnding } from './keygen.js'
import { writeNewFiles } from './new-files.js'
import { fragmentOf, isRevoked } from './orgjson-facts.js'
import { freeFragment } from './orgjson-refusals.js'
import type { OwnConfig } from './own-config.js'
import { contentOf, withKey } from './rotate-config.js'
import {
  dateOf,
  finish,
  type OrgJsonFile,
  type RotateOptions,
  readEditable,
  readInto,
  register,
} from './rotate-files.js'
import type { Rotation } from './rotate-state.js'

/** Longer than any partner keeps what it has seen of ORG.JSON. */
const usualWait = '30 days'
/** Seconds for which older partners keep it. */
const shortestWait = 12 * 3_600

/** Makes a key that signs once the wait is over, and registers it. */
export function startRotation(
  io: Io,
  own: OwnConfig,
  rotation: Rotation,
  options: RotateOptions,
): Result {
  const { active, next } = rotation
  if (next !== undefined) {
    throw new CliError(
      'ERR_ROTATION',
      `start: expected no rotation under way, got one: #${next.id} signs from ${moment(next.activeFrom)} on. See orgid-bearer rotate`,
    )
  }
  const wait = parseDuration(options.wait ?? usualWait, '--wait')
  const { file, text } = readEditable(io, own.config)
  const orgJson = options.into === undefined ? undefined : readInto(io, options.into)
  const fragment = newFragment(own, active.id, orgJson, options.fragment)
  const name = options.keyName ?? join(directoryOf(io, own.config, active.id), fragment)
  refuseEnding(name, '--key-name')
  refuseExisting(io, name)

  const protection = protectionOf(own.config, contentOf(text, file), active.id)
  const [privateKey, publicKey] = keyFiles(
    name,
    protection ? 'encrypted' : 'sec1',
    protection?.passphrase,
  )
  const activeFrom = Math.ceil(io.now()) + wait
  const entry = {
    id: fragment,
    key: { file: keyPath(io, file, privateKey.file), ...protection?.members },
    activeFrom: dateOf(activeFrom),
  }
  const edited = withKey(text, entry, file)
  refuseUnusable(own, edited, file)
  const registered = orgJson && register(own, orgJson, { fragment, key: publicKey.text }, io.now())

  // Read by whom the key before is read
  const { place } = sourceOf(own.config.keys, active.id) ?? {}
  const before = place?.kind === 'file' ? accessOf(io, place.path) : undefined
  const owner = before ?? accessOf(io, file)
  const mode = privateKey.mode | ((before?.mode ?? 0) & 0o040)
  writeNewFiles(io, [
    { ...privateKey, owner, mode },
    { ...publicKey, owner },
  ])
  try {
    replaceText(io, file, edited, text)
  } catch (error) {
    removeFiles(io, [privateKey.file, publicKey.file])
    throw error
  }
  // At last: should it fail, the key is there to be registered
  if (orgJson && registered) {
    finish(
      `${privateKey.file} and ${file} are written. Once it can be written, register the key: orgid-bearer register --issuer '<your ORGiD>#${fragment}' --key ${publicKey.file} --into ${orgJson.file}`,
      () => replaceText(io, orgJson.file, registered.text, orgJson.text),
    )
  }
  return {
    json: {
      step: 'start',
      id: fragment,
      activeFrom: entry.activeFrom,
      privateKey: privateKey.file,
      publicKey: publicKey.file,
      file,
      orgJson: orgJson?.file,
      changes: registered?.changes ?? [],
    },
    text: [
      `${privateKey.file}: the new private key; keep it on the server, out of version control`,
      `${file}: #${fragment} signs from ${moment(activeFrom)} on, in ${span(wait)}`,
      ...(registered?.changes ?? []).map((change) => `${orgJson?.file}: ${change}`),
    ].join('\n'),
    notes: notesFor(own, { fragment, wait, orgJson, objections: registered?.objections ?? [] }),
  }
}

/**
 * A name under which partners have seen no key of ours yet.
 *
 * @throws CliError `ERR_USAGE` if the one that is wanted is none.
 */
function newFragment(
  { configuration }: OwnConfig,
  active: string,
  orgJson: OrgJsonFile | undefined,
  wanted: string | undefined,
): string {
  const { older = [], current = [] } = orgJson?.document.entries ?? {}
  const { keys, partners } = configuration
  const own = [...keys.map(({ id }) => id), ...partners.map(({ issuerFragment }) => issuerFragment)]
  const asEntries = own.flatMap((name) => (name === undefined ? [] : { id: `#${name}` }))
  if (wanted === undefined) {
    return freeFragment({ older: [...older, ...asEntries], current }, active)
  }
  const entry = [...current, ...older].find((one) => fragmentOf(one) === wanted)
  const where =
    entry === undefined
      ? 'the configuration'
      : `${orgJson?.name}${isRevoked(entry) ? ', revoked' : ''}`
  if (entry === undefined && !own.includes(wanted)) return wanted
  throw usageError(
    `--fragment: expected a name that was never used, got "${wanted}", which is in ${where}. Partners keep keys by name for up to 30 days. Leave it out to get #${freeFragment({ older: [...older, ...asEntries], current }, wanted)}`,
  )
}

/** Where the files of keys are: as the command was called, which is how they are shown. */
function directoryOf({ cwd }: Io, { file, keys }: Config, id: string): string {
  const { place } = sourceOf(keys, id) ?? {}
  return relative(cwd, dirname(place?.kind === 'file' ? place.path : (file as string)))
}

function sourceOf(keys: Config['keys'], id: string): KeySource | undefined {
  if (keys === undefined || 'key' in keys) return keys?.key
  return keys.keys.find((entry) => entry.id === id)?.source
}

function refuseExisting({ cwd }: Io, name: string): void {
  for (const file of [`${name}.pem`, `${name}.pub`]) {
    if (!existsSync(resolve(cwd, file))) continue
    throw new CliError(
      'ERR_FILE_EXISTS',
      `${file} exists, and nothing was written. Choose another name with --key-name`,
    )
  }
}

/** The passphrase of the key before, which the new one gets as well, and where it stands. */
function protectionOf(
  { keys, variable }: Config,
  content: ReturnType<typeof contentOf>,
  id: string,
): { readonly passphrase: string; readonly members: object } | undefined {
  const { passphrase } = sourceOf(keys, id) ?? {}
  if (passphrase === undefined) return undefined
  const { place, where } = passphrase
  const inFile: { passphraseEnv?: string; passphraseFile?: string } =
    content.key ?? content.keys?.find((one) => one.id === id)?.key ?? {}
  const { passphraseEnv, passphraseFile } = inFile
  return {
    passphrase:
      place.kind === 'file'
        ? passphraseIn(readText(place.path, where))
        : (place.kind === 'variable' && variable(place.name)) || '',
    members: {
      ...(passphraseEnv !== undefined && { passphraseEnv }),
      ...(passphraseFile !== undefined && { passphraseFile }),
    },
  }
}

/** As the library will see it: whatever is wrong is said before anything is written. */
function refuseUnusable({ config, configuration }: OwnConfig, edited: string, file: string): void {
  const { issuer, keys = [], partners } = contentOf(edited, file)
  const signers = new Map(configuration.keys.map(({ id, signer }) => [id, signer]))
  createOrgidAuth({
    ...config.options,
    issuer: config.names.get('issuer') === 'ORGID_ISSUER' ? config.options.issuer : issuer,
    partners: (partners ?? config.options.partners) as OrgidAuthOptions['partners'],
    keys: keys.map(({ id, activeFrom }) => ({
      id,
      key: signers.get(id) ?? stranger(),
      ...(activeFrom !== undefined && { activeFrom }),
    })),
  })
}

function notesFor(
  { config }: OwnConfig,
  facts: {
    readonly fragment: string
    readonly wait: number
    readonly orgJson: OrgJsonFile | undefined
    readonly objections: readonly string[]
  },
): readonly string[] {
  const { fragment, wait, orgJson, objections } = facts
  const isSingle = config.keys !== undefined && 'key' in config.keys
  return [
    ...objections.map((objection) => `${orgJson?.file}: ${objection}`),
    ...(wait < shortestWait
      ? [
          `Partners may keep what they have seen of ORG.JSON for longer than ${span(wait)}: older ones for 12 hours, others for up to 30 days. Calls to those are repeated with the old key; one whose body is a stream fails`,
        ]
      : []),
    orgJson === undefined
      ? `Next: orgid-bearer register --into <your ORG.JSON>, which refuses #${fragment} if it was used before, and publish it`
      : `Next: publish ${orgJson.file}, and its new hash if your ORGiD has one`,
    isSingle
      ? 'Then: restart your processes before that time; one that runs with a single key takes no second one'
      : 'Then: restart your processes before that time; those of loadOrgidAuth take the key over within seconds',
    `Where it stands: orgid-bearer rotate${orgJson === undefined ? '' : ` --into ${orgJson.file}`}`,
  ]
}
