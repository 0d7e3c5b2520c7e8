import { describe, OrgidAuthError } from './errors.js'

/** What {@link readOptions} returns: the own, defined properties, on no prototype. @internal */
export type Own<T> = { readonly [K in keyof T]?: T[K] | undefined }

/**
 * Reads an options object by its own properties alone, so that a polluted `Object.prototype`
 * configures nothing, and refuses names nobody knows, so that a misspelt option is no silent
 * default. `undefined` counts as absent.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function readOptions<T extends object>(
  input: T,
  known: readonly (keyof T & string)[],
  where: string,
): Own<T> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalidOption(where, `an object with ${known.join(', ')}`, describe(input))
  }
  const own = Object.create(null) as Record<string, unknown>
  for (const name of Object.keys(input)) {
    if (!known.includes(name as keyof T & string)) {
      throw invalidOption(
        where,
        `only the options ${known.join(', ')}`,
        `an unknown one, ${quoteName(name)}`,
      )
    }
    const value = input[name as keyof T]
    if (value !== undefined) own[name] = value
  }
  return own as Own<T>
}

/** @internal */
export function invalidOption(
  where: string,
  expected: string,
  got: string,
  remedy = '',
): OrgidAuthError {
  return new OrgidAuthError(
    'ERR_INVALID_OPTION',
    `${where}: expected ${expected}, got ${got}${remedy && `. ${remedy}`}`,
  )
}

/** A property name in a message; one that is long or odd may be a secret in the wrong place. @internal */
export function quoteName(name: string): string {
  return /^[A-Za-z_$][\w$-]{0,39}$/.test(name) ? `"${name}"` : describe(name)
}

/** @internal */
export function readBoolean(value: unknown, where: string, fallback: boolean): boolean {
  if (value === undefined) return fallback
  if (typeof value !== 'boolean') throw invalidOption(where, 'true or false', describe(value))
  return value
}

/** A finite number within bounds. @internal */
export function readNumber(
  value: unknown,
  where: string,
  { min, max, fallback, unit }: { min: number; max: number; fallback: number; unit: string },
): number {
  if (value === undefined) return fallback
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw invalidOption(where, `a number of ${unit} from ${min} to ${max}`, describe(value))
}
