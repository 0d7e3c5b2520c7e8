import { type OrgidAuthOptions, readConfiguration, readPartners } from './configuration.js'
import {
  ambientOptions,
  type CallOptions,
  createCallContext,
  isWithoutOptions,
  mergeOptions,
  nestedIn,
} from './context.js'
import { isOrgidAuthError } from './errors.js'
import { publish } from './events.js'
import {
  type AuthInternals,
  type InvalidateOptions,
  internals,
  type OrgidAuth,
} from './interface.js'
import { readOptions } from './options.js'
import {
  hrefOf,
  isCalled,
  mismatch,
  nobody,
  readCallOptions,
  refuseMismatch,
  stranger,
} from './partners/call.js'
import { createKeyNames } from './partners/key-names.js'
import { isSamePartner, type Partner } from './partners/partner.js'
import { createRegistry } from './partners/registry.js'
import { createRequests } from './partners/requests.js'
import { createStandings } from './partners/standing.js'
import { statusAt } from './status.js'
import { mintAhead } from './tokens/ahead.js'
import { createTokenCache } from './tokens/cache.js'
import { mintRequest } from './tokens/claims.js'
import { systemClock } from './tokens/clock.js'
import { createCredit } from './tokens/credit.js'
import { createFallbacks } from './tokens/fallback.js'
import { createHappenings } from './tokens/happenings.js'
import { createKeyring, readKey } from './tokens/keyring.js'
import type { TokenSource } from './tokens/minter.js'
import { createClockOffsets } from './tokens/offsets.js'
import { createSource } from './tokens/source.js'
import { Token } from './tokens/token.js'
import { eventOf } from './tokens/traced.js'
import { createAnswers } from './unauthorized.js'

/**
 * Configures once, in app bootstrap, what every outgoing call needs. All options are checked here.
 *
 * @throws OrgidAuthError naming the option: `ERR_INVALID_OPTION`, `ERR_INVALID_DID`,
 *   `ERR_DID_FORM_MISMATCH`, `ERR_INVALID_ORIGIN`, `ERR_DUPLICATE_PARTNER`, `ERR_INVALID_DURATION`,
 *   `ERR_INVALID_SCOPE`, `ERR_INVALID_CLAIM`, `ERR_RESERVED_CLAIM`; and of the key
 *   `ERR_INVALID_KEY`, `ERR_PUBLIC_KEY`, `ERR_ENCRYPTED_KEY`, `ERR_KEY_CURVE`, `ERR_KEY_RANGE`,
 *   `ERR_KEY_MISMATCH`.
 *
 * @example
 * ```ts
 * const auth = createOrgidAuth({
 *   issuer: 'did:orgid:0x…#webserver',
 *   key: process.env.ORGID_PRIVATE_KEY,
 *   partners: [{ name: 'hotels', did: 'did:orgid:0x…', origin: 'https://api.hotels.example' }],
 * })
 * ```
 */
export function createOrgidAuth(input: OrgidAuthOptions): OrgidAuth {
  const configuration = readConfiguration(input)
  const { initialKeyId, strict } = configuration
  const clock = systemClock(configuration.now)
  const random = Math.random
  const revision = { current: 0 }
  const keyring = createKeyring(configuration.keys, revision)
  const context = createCallContext()
  const happenings = createHappenings(clock)
  let registry = createRegistry(configuration.partners)

  const offsets = createClockOffsets(clock)
  const origin = createSource({ ...configuration, keyring, clock, random, offsets })
  // A mint is shared: it must end with no call of its own, nor with the request that came first
  const source: TokenSource = {
    get: (request, previous) => context.outside(() => origin.get(request, previous)),
  }
  const cache = createTokenCache(source, {
    clock,
    random,
    revision,
    max: configuration.max,
    before: (request) => {
      const keyId = fallbacks.before(request.partner, request.keyId)
      if (keyId === undefined) return undefined
      const partner = registry.find(request.partner)
      if (partner === undefined) return undefined
      return mintRequest({ ...request, keyId, issuer: names.issuerFor(partner, keyId) })
    },
    onRefresh: happenings.refreshing,
    onMint: (request, error, at) => {
      const { partner, audience } = request
      if (!isOrgidAuthError(error)) return happenings.minted(partner)
      // By now, another partner may have the name
      const isStill = registry.find(partner)?.audiences.has(audience)
      if (isStill) happenings.failed(partner, { code: error.code, at })
      publish('orgid-bearer:signer-failed', () => ({ ...eventOf(request), error }))
    },
  })

  const fallbacks = createFallbacks(keyring, clock)
  const names = createKeyNames(keyring, initialKeyId)
  const requests = createRequests(names)
  const standings = createStandings({ clock, keyring, fallbacks, cache, requests, revision })

  const obtain = (
    partner: Partner,
    options: CallOptions | undefined,
    mayRepeat = false,
  ): Token | Promise<Token> => {
    options?.signal?.throwIfAborted()
    const now = clock.now()
    const keyId = fallbacks.keyFor(partner.name, now, mayRepeat && partner.retryUnauthorized)
    const token = cache.get(requests(partner, keyId, options), options, now)
    if (!(token instanceof Promise)) return token
    return token.catch((error: unknown) => {
      if (keyring.get(keyId) !== undefined) throw error
      // Its key was retired while it was waited for: another one signs
      return obtain(partner, options, mayRepeat)
    })
  }

  /** Explicit options over those around the call. */
  const withAmbient = (partner: Partner, explicit: CallOptions | undefined) => {
    const ambient = context.current()
    if (ambient === undefined) return explicit
    return mergeOptions(
      ambientOptions(ambient, (meant) => isCalled(partner, meant)),
      explicit,
    )
  }

  const authorization = (
    url: string | URL,
    input?: CallOptions,
    mayRepeat?: boolean,
  ): ReturnType<OrgidAuth['authorization']> => {
    const href = typeof url === 'string' ? url : hrefOf(url)
    const route = registry.route(href)
    const isPlain = input === undefined && isWithoutOptions(context.current())
    if (isPlain && route !== undefined) {
      const header = standings.header(route)
      if (header !== undefined) return header
    }
    const explicit = input === undefined ? undefined : readCallOptions(input)
    if (route === undefined) return refuseStranger(href, explicit)
    const { partner } = route
    refuseMismatch(partner, explicit)
    const options = withAmbient(partner, explicit)
    if (options?.skip) return undefined
    const token = obtain(partner, options, mayRepeat)
    if (!(token instanceof Promise)) {
      if (isPlain && registry.list().length <= configuration.max) standings.renew(route)
      return Token.authorization(token)
    }
    // While it was waited for the URL may have become another partner's, or nobody's
    return token.then((value) =>
      registry.match(href) === partner
        ? Token.authorization(value)
        : authorization(url, input, mayRepeat),
    )
  }

  const refuseStranger = (url: string, explicit: CallOptions | undefined): undefined => {
    if (explicit?.skip) return undefined
    if (explicit?.partner !== undefined) throw mismatch(explicit.partner, 'nobody’s')
    if (!strict || context.current()?.general.skip) return undefined
    throw stranger(url)
  }

  const named = (name: string, where: string): Partner => {
    const partner = registry.find(name)
    if (partner !== undefined) return partner
    throw nobody(name, registry.list(), where)
  }

  const invalidate: OrgidAuth['invalidate'] = (what = {}) => {
    const {
      partner: name,
      keyId,
      token,
    } = readOptions<InvalidateOptions>(what, ['partner', 'keyId', 'token'], 'invalidate')
    const partner = name === undefined ? undefined : named(name, 'invalidate.partner').name
    if (keyId !== undefined && partner === undefined && token === undefined)
      keyring.retire(keyId, clock.now())
    const dropped = cache.invalidate(
      (request, cached) =>
        (partner === undefined || request.partner === partner) &&
        (keyId === undefined || request.keyId === keyId) &&
        (token === undefined || cached?.value === token),
    )
    origin.invalidate?.({ partner, keyId, token }, dropped)
  }

  const answers = createAnswers({
    partnerOf: (url) => registry.match(url),
    optionsFor: withAmbient,
    now: () => clock.now(),
    happenings,
    names,
    requests,
    cache,
    offsets,
    credit: createCredit(clock, configuration.max),
    fallbacks,
  })

  const sources = { keyring, names, fallbacks, cache, offsets, happenings }
  const auth: OrgidAuth = {
    authorization: (url, options) => authorization(url, options),
    token: async (name, input) => {
      const explicit = input === undefined ? undefined : readCallOptions(input)
      const partner = named(name, 'partner')
      refuseMismatch(partner, explicit)
      return obtain(partner, withAmbient(partner, explicit))
    },
    prepare: () => {
      const partners = registry.list().filter(({ singleUse }) => !singleUse)
      return mintAhead(partners, (partner) => obtain(partner, undefined), clock)
    },
    invalidate,
    addKey: (key) => keyring.add(readKey(key, 'addKey', clock.now())),
    setPartners: (partners) => {
      const before = registry.list()
      registry = createRegistry(readPartners(partners, configuration.defaults))
      // What was learnt of one, another of its name must not inherit
      for (const partner of before) {
        if (isSamePartner(partner, registry.find(partner.name))) continue
        for (const learnt of [fallbacks, offsets, happenings]) learnt.forget(partner.name)
        cache.invalidate((request) => request.partner === partner.name)
      }
    },
    run: (options, fn) => {
      const inner = readCallOptions(options)
      if (inner.partner !== undefined) named(inner.partner, 'options.partner')
      return context.run(nestedIn(context.current(), inner), fn)
    },
    status: () => statusAt(clock.now(), { ...sources, partners: registry.list() }),
  }
  const shared: AuthInternals = {
    context,
    partnerOf: (url) => registry.match(url),
    ownsOrigin: (partner) => registry.ownsOrigin(partner),
    now: () => clock.now(),
    usable: cache.usable,
    isKeyUsed: keyring.isUsed,
    happenings,
    authorization,
    ...answers,
  }
  Object.defineProperty(auth, internals, { value: Object.freeze(shared) })
  return Object.freeze(auth)
}
