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
      throw unknownOption(where, name, known)
    }
    const value = input[name as keyof T]
    if (value !== undefined) own[name] = value
  }
  return own as Own<T>
}

/** What nobody knows comes first: the list of what is known may be long. */
function unknownOption(where: string, name: string, known: readonly string[]): OrgidAuthError {
  const meant = nearest(name, known)
  const question = meant === undefined ? '' : `; did you mean "${meant}"?`
  return new OrgidAuthError(
    'ERR_INVALID_OPTION',
    `${where}: got an unknown option, ${quoteName(name)}${question || '.'} Expected only ${known.join(', ')}`,
  )
}

/** The known name that a misspelt one is most like, if it is like one at all. @internal */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // Nothing that is known is that long, and comparing takes its time
  if (name.length > 60) return undefined
  const [first] = known
    .map((candidate) => ({
      candidate,
      edits: editsBetween(name.toLowerCase(), candidate.toLowerCase()),
      most: Math.min(2, Math.floor(Math.max(name.length, candidate.length) / 3)),
    }))
    .filter(({ edits, most }) => edits <= most)
    .sort((one, other) => one.edits - other.edits)
  return first?.candidate
}

/** Characters to add, take out, change or swap with the next (optimal string alignment). */
function editsBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= one.length; row += 1) {
    const [above, twoAbove] = [rows[row - 1] as number[], rows[row - 2]]
    const edits = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      edits[column] = Math.min(
        (above[column] as number) + 1,
        (edits[column - 1] as number) + 1,
        (above[column - 1] as number) + (isSame ? 0 : 1),
        isSwapped && twoAbove !== undefined ? (twoAbove[column - 2] as number) + 1 : Infinity,
      )
    }
    rows.push(edits)
  }
  return (rows[one.length] as number[])[other.length] as number
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
