import type { OrgidAuthError } from '../errors.js'
import { internalsOf, type OrgidAuth } from '../interface.js'
import { loadPublicKey } from '../keys/public.js'
import { invalidOption } from '../options.js'
import type { Signer } from '../signers/signer.js'
import type { KeyOptions, SigningKey } from '../tokens/keyring.js'
import { type LoadedKeys, loadKey, loadKeys } from './keys.js'
import { type Config, filesOfKey, type KeySource } from './sources.js'
import { isNoRegularFile } from './text.js'

/** Keys that were loaded and are not in use yet. @internal */
export interface StagedKeys {
  /** As they were loaded, for checks. */
  readonly loaded: LoadedKeys
  /** For a new auth: signers that another {@link commit} can put another key behind. */
  begin(): LoadedKeys
  /**
   * Whether {@link commit} can do all of it. Changes nothing.
   *
   * @param keys the same keys, as a new auth would use them.
   * @throws OrgidAuthError `ERR_INVALID_OPTION`
   */
  check(auth: OrgidAuth, keys: readonly SigningKey[]): void
  /** Has the auth use them: those that changed, those that were added, and none that is gone. */
  commit(auth: OrgidAuth): void
}

/** @internal */
export interface ChangingKeys {
  /**
   * Loads the keys of a configuration, anew as far as their files go.
   *
   * @throws OrgidAuthError (rejected) as `loadKeys`, and `ERR_INVALID_OPTION` for what cannot be
   *   changed while running.
   */
  stage(config: Config): Promise<StagedKeys>
}

/** A key's place. What the auth signs with is `signer`, whichever key is behind it. */
interface Slot {
  readonly signer: Signer
  current: Signer
}

/** A single key has no id of its own: it goes by the fragment of `issuer`. */
const single = ''

/** The keys of one auth, which may change behind the fragments that it knows them by. @internal */
export function createChangingKeys(): ChangingKeys {
  const slots = new Map<string, Slot>()
  const used = new Set<string>()
  const loadedFrom = new Map<string, Signer>()

  const load = async (source: KeySource, config: Config): Promise<Signer> => {
    const from = JSON.stringify([source.place, source.passphrase?.place])
    const known = loadedFrom.get(from)
    // A command is run once, and what a pipe held is gone
    const isOnce = source.place.kind === 'command' || filesOfKey(source).some(isNoRegularFile)
    if (known !== undefined && isOnce) return known
    const signer = await loadKey(source, config)
    loadedFrom.set(from, signer)
    return signer
  }

  const fill = (id: string, key: Signer): Signer => {
    const slot = createSlot(key)
    use(id, slot)
    return slot.signer
  }

  const use = (id: string, slot: Slot): void => {
    slots.set(id, slot)
    used.add(id)
  }

  const goneFrom = (next: readonly { readonly id: string }[]): readonly string[] =>
    [...slots.keys()].filter((id) => !next.some((one) => one.id === id))

  const begin = (keys: LoadedKeys): LoadedKeys =>
    'key' in keys
      ? { key: fill(single, keys.key) }
      : { keys: keys.keys.map((one) => ({ ...one, key: fill(one.id, one.key) })) }

  const check = (auth: OrgidAuth, next: readonly SigningKey[]): void => {
    if (slots.has(single)) return
    const running = activeFroms(auth)
    const added = next.filter(({ id }) => !slots.has(id))
    const known = added.find(({ id }) => internalsOf(auth).isKeyUsed(id))
    if (known !== undefined) throw usedBefore(known.id, 'which code has added')
    const gone = goneFrom(next)
    const [first] = gone
    if (first === undefined) return
    // Of keys that stay the auth keeps the activeFrom that they began with, whatever stands here
    const kept = [...running].flatMap(([id, activeFrom]) => (gone.includes(id) ? [] : activeFrom))
    const now = internalsOf(auth).now()
    if ([...kept, ...added.map(({ activeFrom }) => activeFrom)].some((at) => at <= now)) return
    throw invalidOption(
      'keys',
      `an active one beside #${first} before that is removed`,
      'none',
      'It stays in use until the activeFrom of another has passed',
    )
  }

  const commit = (keys: LoadedKeys, auth: OrgidAuth): void => {
    const next = listOf(keys)
    let hasChanged = false
    for (const one of next) {
      const slot = slots.get(one.id)
      if (slot === undefined) {
        const added = createSlot(one.key)
        auth.addKey({ ...one, key: added.signer })
        use(one.id, added)
      } else if (!isSameKey(slot.current, one.key)) {
        slot.current = one.key
        hasChanged = true
      }
    }
    // All tokens: those of one key would be left for partners that are not configured just now
    if (hasChanged) auth.invalidate()
    const running = activeFroms(auth)
    for (const id of goneFrom(next)) {
      // Code may have retired it already
      if (running.has(id)) auth.invalidate({ keyId: id })
      slots.delete(id)
    }
  }

  const stage: ChangingKeys['stage'] = async (config) => {
    const loaded = await loadKeys(config, load)
    if (slots.size > 0) refuseUnchangeable(loaded, config)
    return {
      loaded,
      begin: () => begin(loaded),
      check,
      commit: (auth) => commit(loaded, auth),
    }
  }

  const refuseUnchangeable = (keys: LoadedKeys, { names }: Config): void => {
    if ('key' in keys !== slots.has(single)) {
      const [now, then] = 'key' in keys ? ['key', 'keys'] : ['keys', 'key']
      throw invalidOption(
        names.get(now) ?? now,
        `${then}, as at the start`,
        now,
        'Start the process anew',
      )
    }
    for (const { id } of listOf(keys)) {
      if (!used.has(id) || slots.has(id)) continue
      throw usedBefore(id, 'which was removed while running', names.get('keys'))
    }
  }

  return { stage }
}

/** The keys of an auth, those that code added included, and since when each may sign. */
function activeFroms(auth: OrgidAuth): ReadonlyMap<string, number> {
  const { keys } = auth.status()
  return new Map(
    keys.map(({ id, activeFrom = Number.NEGATIVE_INFINITY }) => [id, activeFrom] as const),
  )
}

function usedBefore(id: string, why: string, where = 'keys'): OrgidAuthError {
  return invalidOption(
    where,
    'fragments not used before',
    `"#${id}", ${why}`,
    'Partners cache keys by fragment for up to 30 days: publish a new key under a new fragment',
  )
}

function createSlot(key: Signer): Slot {
  const slot: Slot = {
    current: key,
    signer: Object.freeze({
      alg: 'ES256K' as const,
      get publicKey() {
        return slot.current.publicKey
      },
      sign: (input: Uint8Array, context: { readonly signal?: AbortSignal }) =>
        slot.current.sign(input, context),
    }),
  }
  return slot
}

function listOf(keys: LoadedKeys): readonly (KeyOptions & { readonly key: Signer })[] {
  return 'key' in keys ? [{ id: single, key: keys.key }] : keys.keys
}

function isSameKey(one: Signer, other: Signer): boolean {
  return loadPublicKey(one.publicKey).equals(loadPublicKey(other.publicKey))
}
