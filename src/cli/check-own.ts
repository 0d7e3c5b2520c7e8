import { loadKeys } from '../config/read.js'
import { filesOf } from '../config/sources.js'
import type { Partner } from '../partners/partner.js'
import { attempt, failure, type Row, row } from './check-row.js'
import { modeOf } from './files.js'
import type { Io } from './io.js'
import { authOf, type ConfigOptions, type OwnConfig, readOwnConfig } from './own-config.js'

interface Own {
  readonly rows: readonly Row[]
  readonly config?: OwnConfig
}

/** The configuration and the key. */
export async function checkOwn(io: Io, options: ConfigOptions): Promise<Own> {
  const skipped = row('key', 'skip', 'there is no configuration to find it by')
  let config: ReturnType<typeof readOwnConfig>
  try {
    config = readOwnConfig(io, options)
  } catch (error) {
    return { rows: [failure('configuration', error), skipped] }
  }
  const key = await attempt('key', () => loadKeys(config))
  // The rest of the configuration can be wrong as well, whatever the key
  const keys =
    key.found ?? (config.keys && 'keys' in config.keys ? undefined : { key: '1'.repeat(64) })
  const checked = keys && (await attempt('configuration', async () => authOf(io, config, keys)))
  const source = config.source ?? 'the environment'
  const rows = [
    ...(checked === undefined
      ? []
      : [checked.row ?? describe(source, checked.found?.configuration.partners ?? [])]),
    key.row ?? row('key', 'pass', 'secp256k1, and can be read'),
    ...checkModes(io, config),
  ]
  const isWell = key.found !== undefined && checked?.found !== undefined
  return isWell ? { rows, config: checked.found as OwnConfig } : { rows }
}

function describe(source: string, partners: readonly Partner[]): Row {
  const names = partners.map(({ name }) => name)
  if (names.length > 0)
    return row('configuration', 'pass', `${source}: partners ${names.join(', ')}`)
  return row(
    'configuration',
    'warn',
    `${source}: no partner yet, so no call gets a token`,
    'Add one to partners: its did, and the origin of its API',
  )
}

function checkModes(io: Io, config: Parameters<typeof filesOf>[0]): readonly Row[] {
  const secrets = filesOf(config).filter((file) => file !== config.file)
  return secrets.flatMap((file) => {
    const mode = modeOf(io, file)
    if (mode === undefined || (mode & 0o077) === 0) return []
    const shown = (mode & 0o777).toString(8)
    return row(
      'key file',
      'warn',
      `${file} has mode ${shown}: others can read it`,
      `chmod 600 ${file}`,
    )
  })
}
