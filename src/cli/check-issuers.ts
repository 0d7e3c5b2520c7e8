import type { KeyObject } from 'node:crypto'
import { parseDid } from '../did.js'
import { loadPublicKey } from '../keys/public.js'
import { checkRegistration } from './check-orgjson.js'
import { checkFragment } from './check-partner.js'
import type { Row } from './check-row.js'
import type { Sources } from './check-sources.js'
import type { OwnConfig } from './own-config.js'

/** A name under which we sign. */
export interface Issuer {
  /** DID with `#fragment`. */
  readonly issuer: string
  readonly fragment: string
  readonly key: KeyObject
  /** Whether all verifiers take the fragment. */
  readonly name: Row
  /** Whether ORG.JSON has the key. */
  readonly registration: readonly Row[]
  /** The rows that tell what is wrong with either. */
  readonly told: readonly string[]
}

/** Each name under which we sign, once: of all partners, and of keys whose time is to come. */
export function checkIssuers(
  { config, configuration }: OwnConfig,
  ofTokens: readonly string[],
  sources: Sources,
  now: number,
): readonly Issuer[] {
  const own: string = config.options.issuer
  const names = configuration.keys.map(({ id }) => (own.includes('#') ? own : `${own}#${id}`))
  return [...new Set([...names, ...ofTokens])].map((issuer) => {
    const { fragment = '' } = parseDid(issuer)
    const key = keyOf(configuration, issuer)
    const name = checkFragment(fragment)
    const registration =
      sources.found.length === 0 ? [] : checkRegistration(sources.found, { issuer, key }, now)
    const rows = [
      name,
      ...(registration.length === 0 && sources.isGiven ? sources.rows : registration),
    ]
    const told = rows.filter(({ status }) => status !== 'pass').map((row) => row.name)
    return { issuer, fragment, key, name, registration, told: [...new Set(told)] }
  })
}

function keyOf({ keys }: OwnConfig['configuration'], issuer: string): KeyObject {
  const [first] = keys
  const named = keys.find(({ id }) => issuer.endsWith(`#${id}`)) ?? first
  return loadPublicKey((named as NonNullable<typeof first>).signer.publicKey)
}
