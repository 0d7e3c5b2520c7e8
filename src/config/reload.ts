import { type OrgidAuthOptions, readConfiguration } from '../configuration.js'
import type { OrgidAuth } from '../interface.js'
import { createRegistry } from '../partners/registry.js'
import { createKeyring } from '../tokens/keyring.js'
import type { ChangingKeys, StagedKeys } from './changing-keys.js'
import { naming } from './naming.js'
import { type ConfigPlace, readConfig } from './read.js'
import { type Config, filesOf } from './sources.js'
import { isNoRegularFile } from './text.js'
import type { Reload } from './watch.js'

/** Takes over, while running, what has changed in a configuration. @internal */
export function createReload(options: {
  readonly auth: OrgidAuth
  /** What the auth was made of. */
  readonly config: Config
  /** What it was read from. */
  readonly read: ConfigPlace
  /** The keys of the configuration, or the one that code gave instead. */
  readonly keys: ChangingKeys | Pick<OrgidAuthOptions, 'key'>
}): Reload {
  const { auth, config: first, read, keys } = options
  const changing = 'stage' in keys ? keys : undefined
  const started = fixedOf(first)
  let current = first
  let warned = ''

  const readAgain = (): Config =>
    first.file === undefined || isNoRegularFile(first.file) ? current : readConfig(read)

  const attempt: Reload['attempt'] = async (isWanted) => {
    const next = readAgain()
    const staged = await changing?.stage(next)
    if (!isWanted()) return
    // Whatever can be refused is refused here, before any of it is taken over
    naming(next, () => check(next, staged))
    staged?.commit(auth)
    const { partners } = next.options
    if (JSON.stringify(partners) !== JSON.stringify(current.options.partners)) {
      auth.setPartners(partners)
    }
    current = next
    warnOfRest(next)
  }

  const check = ({ options }: Config, staged: StagedKeys | undefined): void => {
    const loaded = staged?.loaded ?? keys
    // As it would be at the next start, and as it is until then
    readConfiguration({ ...options, ...loaded } as OrgidAuthOptions)
    const { partners } = options
    const inUse = readConfiguration({ ...first.options, ...loaded, partners } as OrgidAuthOptions)
    createKeyring(inUse.keys)
    createRegistry(inUse.partners)
    staged?.check(auth, inUse.keys)
  }

  const warnOfRest = (next: Config): void => {
    const changed: string[] = []
    for (const [name, value] of fixedOf(next)) {
      // A key that was added while running
      if (!started.has(name)) started.set(name, value)
      else if (started.get(name) !== value) changed.push(name)
    }
    const list = changed.join(', ')
    if (list !== '' && list !== warned) {
      process.emitWarning(
        `${next.source}: ${list} changed, which is taken over at the next start; partners and keys are in use already`,
        { type: 'OrgidBearerWarning', code: 'ORGID_RESTART_NEEDED' },
      )
    }
    warned = list
  }

  return {
    files: () => filesOf(changing === undefined ? { ...current, keys: undefined } : current),
    attempt,
  }
}

const fixedNames = [
  'issuer',
  'lifetime',
  'issuedAtBackdate',
  'strict',
  'cache',
  'signTimeout',
] as const satisfies readonly (keyof OrgidAuthOptions)[]

/** What an auth cannot change while running. */
function fixedOf({ options, keys }: Config): Map<string, string | undefined> {
  const entries = keys === undefined || 'key' in keys ? [] : keys.keys
  return new Map([
    ...fixedNames.map((name) => [name, JSON.stringify(options[name])] as const),
    ...entries.map(
      ({ id, activeFrom }) => [`activeFrom of #${id}`, JSON.stringify(activeFrom)] as const,
    ),
  ])
}
