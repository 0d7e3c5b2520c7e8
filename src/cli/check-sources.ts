import type { KeyObject } from 'node:crypto'
import type { KnownKeys } from '../testing/index.js'
import { documentOf } from './check-orgjson.js'
import { attempt, type Row, row } from './check-row.js'
import type { Io } from './io.js'
import { type CheckedOrgJson, readOrgJson } from './orgjson-read.js'
import { isRemote, readOrgJsonText } from './orgjson-source.js'

/** The ORG.JSON itself; several of them where one's ORGiD has several forms. */
export interface Sources {
  readonly found: readonly CheckedOrgJson[]
  /** Of those that could not be read, or were not to be. */
  readonly rows: readonly Row[]
  /** Whether there was any to look at. */
  readonly isGiven: boolean
}

export async function readSources(
  io: Io,
  { orgJson = [], offline }: { readonly orgJson?: readonly string[]; readonly offline?: true },
): Promise<Sources> {
  const name = 'ORG.JSON'
  if (orgJson.length === 0) {
    const remedy = 'Give it with --org-json <file or URL>'
    return { rows: [row(name, 'skip', 'not looked at', remedy)], found: [], isGiven: false }
  }
  const isSkipped = (source: string) => offline === true && isRemote(source)
  const read = await Promise.all(
    orgJson.map(async (source) => {
      if (isSkipped(source)) return { row: row(name, 'skip', 'offline') }
      return attempt(name, async () => readOrgJson(await readOrgJsonText(io, source), source))
    }),
  )
  return {
    rows: read.flatMap((one) => one.row ?? []),
    found: read.flatMap((one) => ('found' in one && one.found ? [one.found] : [])),
    isGiven: !orgJson.every(isSkipped),
  }
}

/** By what partners find the key of an issuer: undefined if no document is that of the issuer. */
export function knownKeys(
  { found, isGiven }: Sources,
  issuer: string,
  ownKey: KeyObject,
): KnownKeys | undefined {
  const document = documentOf(found, issuer)?.document
  if (document !== undefined) return { orgJson: document }
  return isGiven ? undefined : { publicKey: ownKey }
}
