import { isOrgidAuthError, OrgidAuthError } from '../errors.js'
import { ofIssuer } from '../partners/partner.js'
import type { Config } from './sources.js'

/** Options that an auth cannot do without, and the variable that would give each. */
const required = new Map([
  ['issuer', 'ORGID_ISSUER'],
  ['partners', 'ORGID_PARTNERS'],
])

/**
 * Runs `fn`, and has its errors say where an option came from: `orgid.json: partners[0].did: …`
 * instead of `partners[0].did: …`, `ORGID_LIFETIME: …` instead of `lifetime: …`.
 *
 * @internal
 */
export function naming<T>({ names, source }: Config, fn: () => T): T {
  try {
    return fn()
  } catch (error) {
    if (!isOrgidAuthError(error)) throw error
    const option = /^\w+/.exec(error.message)?.[0] ?? ''
    const name = names.get(option)
    if (name !== undefined) {
      const said = `${name}${error.message.slice(option.length)}`
      const issuer = names.get('issuer') ?? 'issuer'
      // The error itself as options: its cause, if it has one
      throw new OrgidAuthError(error.code, said.replace(ofIssuer, `that of ${issuer}`), error)
    }
    const variable = required.get(option)
    if (variable === undefined) throw error
    const file = source === undefined ? 'a configuration file that ORGID_CONFIG names' : source
    throw new OrgidAuthError(
      error.code,
      `${error.message}. Set ${variable}, or put ${option} into ${file}`,
    )
  }
}
