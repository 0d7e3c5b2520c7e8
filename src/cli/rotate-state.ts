import type { Configuration } from '../configuration.js'
import type { SigningKey } from '../tokens/keyring.js'
import { moment, relative, span } from '../words.js'
import { CliError } from './io.js'
import { type Form, forms, fragmentOf } from './orgjson-facts.js'
import type { CheckedOrgJson } from './orgjson-read.js'

/** Where a rotation stands. Times are epoch seconds. */
export interface Rotation {
  /** The key that signs now. */
  readonly active: SigningKey
  /** The key that signs next, if one is there already. */
  readonly next: SigningKey | undefined
  /** Keys that have signed before. */
  readonly older: readonly SigningKey[]
  /** From when on they can go: no token of theirs lives any more. */
  readonly retireFrom: number
}

/** @throws CliError `ERR_ROTATION` if no key signs yet. */
export function rotationOf({ keys, partners, defaults }: Configuration, now: number): Rotation {
  const inTurn = keys.toSorted((a, b) => a.activeFrom - b.activeFrom || 0)
  const begun = inTurn.filter(({ activeFrom }) => activeFrom <= now)
  const active = begun.at(-1)
  if (active === undefined) {
    throw new CliError(
      'ERR_ROTATION',
      'keys: expected one whose activeFrom has passed, got none. Give the first key no activeFrom',
    )
  }
  const longest = Math.max(defaults.lifetime, ...partners.map(({ lifetime }) => lifetime))
  return {
    active,
    next: inTurn[begun.length],
    older: begun.slice(0, -1),
    retireFrom: active.activeFrom + longest,
  }
}

/** One of the four steps. */
interface Step {
  readonly name: 'publish' | 'wait' | 'switch' | 'retire'
  readonly state: 'done' | 'now' | 'to do'
  readonly detail: string
}

/** The four steps of the rotation that is under way; none if there is none. */
export function stepsOf(
  { active, next, older, retireFrom }: Rotation,
  orgJson: { readonly name: string; readonly document: CheckedOrgJson } | undefined,
  now: number,
): readonly Step[] {
  if (next === undefined && older.length === 0) return []
  const fresh = next ?? active
  const gone = next === undefined ? older : [...older, active]
  const olds = gone.map(({ id }) => `#${id}`).join(' and ')
  const published = publication(fresh.id, gone, orgJson)
  const at = `${moment(fresh.activeFrom)}, ${relative(fresh.activeFrom, now)}`
  const begun = Number.isFinite(fresh.activeFrom) ? `since ${at}` : 'from the start'
  const isWaiting = next !== undefined
  const conditionFor = () => {
    if (isWaiting) return 'the longest token has run out after the switch'
    return now < retireFrom
      ? `${moment(retireFrom)}, ${relative(retireFrom, now)}`
      : `partners can know #${fresh.id}`
  }
  const isRetirable = !isWaiting && now >= retireFrom && published.isDone
  return [
    { name: 'publish', state: published.isDone ? 'done' : 'now', detail: published.detail },
    {
      name: 'wait',
      state: isWaiting ? 'now' : 'done',
      detail: isWaiting ? `until ${at}` : 'is over',
    },
    {
      name: 'switch',
      state: isWaiting ? 'to do' : 'done',
      detail: isWaiting
        ? `to #${fresh.id}, which happens by itself then`
        : `#${fresh.id} signs ${begun}`,
    },
    {
      name: 'retire',
      state: isRetirable ? 'now' : 'to do',
      detail: isRetirable
        ? `${olds}, once auth.status() shows no fallback of any partner`
        : `${olds}, not before ${conditionFor()}`,
    },
  ]
}

function publication(
  id: string,
  before: readonly SigningKey[],
  orgJson: { readonly name: string; readonly document: CheckedOrgJson } | undefined,
): { readonly isDone: boolean; readonly detail: string } {
  if (orgJson === undefined) {
    return { isDone: true, detail: `#${id}; to see whether it is in your ORG.JSON, add --into` }
  }
  const missing = formsWithout(id, before, orgJson.document)
  if (missing.length === 0) return { isDone: true, detail: `#${id} is in ${orgJson.name}` }
  const arrays = missing.map((form) => forms[form].array).join(' and ')
  return { isDone: false, detail: `#${id} is not in ${orgJson.name} (${arrays})` }
}

/**
 * The forms in which a key is still to be published: those that have a key before it, whose readers
 * would know none any more; or both, if there is none of either.
 */
export function formsWithout(
  id: string,
  before: readonly SigningKey[],
  { entries }: CheckedOrgJson,
): readonly Form[] {
  const all = Object.keys(forms) as Form[]
  const having = (name: string) =>
    all.filter((form) => entries[form].some((entry) => fragmentOf(entry) === name))
  const known = having(id)
  const needed = before.flatMap((key) => having(key.id))
  if (known.length === 0 && needed.length === 0) return all
  return all.filter((form) => needed.includes(form) && !known.includes(form))
}

/** Whether a document has a key of this name, in whichever form. */
export function isPublished(id: string, { entries }: CheckedOrgJson): boolean {
  return [...entries.older, ...entries.current].some((entry) => fragmentOf(entry) === id)
}

/** @throws CliError `ERR_ROTATION` */
export function refuseEarly(what: string, at: number, now: number, why: string): void {
  if (now >= at) return
  throw new CliError(
    'ERR_ROTATION',
    `${what}: expected the time to have come, got ${span(at - now)} too early (${moment(at)}). ${why}; --now does it all the same`,
  )
}
