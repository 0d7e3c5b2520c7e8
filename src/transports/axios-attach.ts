import type {
  AxiosAdapter,
  AxiosInstance,
  AxiosResponse,
  AxiosStatic,
  InternalAxiosRequestConfig,
} from 'axios'
import { describe, OrgidAuthError } from '../errors.js'
import { attached, internalsOf, type OrgidAuth } from '../interface.js'
import { invalidOption } from '../options.js'
import { authorize } from './axios-adapter.js'
import type { AdapterKind, Call } from './axios-call.js'
import { type Attachment, enter, leave } from './axios-config.js'

/** Takes the interceptor off again; calling it twice is harmless. */
export type Detach = () => void

type Attachable = AxiosInstance & { [attached]?: Map<OrgidAuth, Attached> }

interface Attached {
  /** Puts the interceptor on again if it was cleared away. */
  ensure(): void
  readonly detach: Detach
}

// axios' types leave `forEach` out
type InterceptorList = AxiosInstance['interceptors']['request'] & {
  forEach(visit: (interceptor: { readonly fulfilled?: unknown }) => void): void
}

/** Where adapters and errors come from; asked when the first request is made. */
type FindLibrary = () => AxiosStatic | Promise<AxiosStatic>

/**
 * Attaches to instances, all or, when one is none, not any.
 *
 * @throws OrgidAuthError `ERR_INVALID_OPTION`
 * @internal
 */
export function attachTo(
  instances: AxiosInstance | readonly AxiosInstance[],
  auth: OrgidAuth,
  findLibrary: FindLibrary,
): Detach {
  internalsOf(auth)
  const list = [instances].flat() as readonly AxiosInstance[]
  for (const instance of list) {
    if (typeof instance?.interceptors?.request?.use !== 'function') {
      throw invalidOption('axios', 'an axios instance or an array of them', describe(instance))
    }
  }
  const attachment = lazyAttachment(auth, findLibrary)
  const detaches = list.map((instance) => attach(instance, auth, attachment))
  return () => {
    for (const detach of detaches) detach()
  }
}

/**
 * The axios package beside this one, loaded once it is needed: who passes no instance needs none.
 *
 * @internal
 */
export async function findAxios(): Promise<AxiosStatic> {
  try {
    return (await import('axios')).default
  } catch (cause) {
    throw new OrgidAuthError(
      'ERR_INVALID_OPTION',
      'axios: expected the axios package beside orgid-bearer, got none that can be loaded. Attach with attachAuth(instance, auth, { axios }), which takes your copy',
      { cause },
    )
  }
}

function attach(instance: Attachable, auth: OrgidAuth, attachment: LazyAttachment): Detach {
  instance[attached] ?? Object.defineProperty(instance, attached, { value: new Map() })
  const auths = instance[attached] as Map<OrgidAuth, Attached>
  const existing = auths.get(auth)
  if (existing) {
    existing.ensure()
    return existing.detach
  }

  const orgidBearer = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
    if (!isWrapper(config.adapter, auth)) config.adapter = wrap(config.adapter, auth, attachment)
    return config
  }
  const interceptors = instance.interceptors.request as InterceptorList
  let id = -1
  const ensure = () => {
    // `interceptors.clear()` may have taken it off
    let isOn = false
    interceptors.forEach(({ fulfilled }) => {
      isOn ||= fulfilled === orgidBearer
    })
    if (!isOn) id = interceptors.use(orgidBearer, null, { synchronous: true })
  }
  const detach = () => {
    auths.delete(auth)
    interceptors.eject(id)
  }
  ensure()
  auths.set(auth, { ensure, detach })
  return detach
}

type LazyAttachment = () => Attachment | Promise<Attachment>

function lazyAttachment(auth: OrgidAuth, findLibrary: FindLibrary): LazyAttachment {
  let attachment: Attachment | undefined
  const withLibrary = (library: AxiosStatic): Attachment => {
    attachment ??= { auth, internals: internalsOf(auth), library }
    return attachment
  }
  return () => {
    if (attachment) return attachment
    const library = findLibrary()
    return library instanceof Promise ? library.then(withLibrary) : withLibrary(library)
  }
}

const wrapper: unique symbol = Symbol.for('orgid-bearer.wrapper') as never
type AdapterOption = InternalAxiosRequestConfig['adapter']
type Wrapper = AxiosAdapter & {
  [wrapper]?: { readonly auth: OrgidAuth; readonly original: AdapterOption }
}

function isWrapper(adapter: AdapterOption, auth: OrgidAuth): boolean {
  return wrappedBy(adapter)?.auth === auth
}

function wrappedBy(adapter: AdapterOption): Wrapper[typeof wrapper] {
  return typeof adapter === 'function' ? (adapter as Wrapper)[wrapper] : undefined
}

/** The caller's own option, below however many wrappers. */
function innermost(option: AdapterOption): AdapterOption {
  const beneath = wrappedBy(option)
  return beneath === undefined ? option : innermost(beneath.original)
}

function wrap(original: AdapterOption, auth: OrgidAuth, attachment: LazyAttachment): AxiosAdapter {
  const adapter: Wrapper = (config) => {
    const underWay = enter(config)
    const end = () => {
      // With the last of them: the others would be sent without ours
      if (leave(config, underWay)) giveBack(config, adapter)
    }
    const send = (ready: Attachment): Promise<AxiosResponse> => {
      let resolved: Resolved
      try {
        resolved = resolve(original, config, ready.library)
      } catch (error) {
        return refuse(error)
      }
      return authorize(resolved, config, ready, underWay, end)
    }
    const refuse = (error: unknown): Promise<never> => {
      end()
      return Promise.reject(error)
    }
    const found = attachment()
    return found instanceof Promise ? found.then(send, refuse) : send(found)
  }
  adapter[wrapper] = { auth, original }
  return adapter
}

type Resolved = Pick<Call, 'adapter' | 'kind'>

/** The adapter that axios would have called. */
function resolve(
  original: AdapterOption,
  config: InternalAxiosRequestConfig,
  { defaults, getAdapter }: AxiosStatic,
): Resolved {
  const option = original ?? defaults.adapter
  const adapter = getAdapter(option, config)
  return { adapter, kind: kindOf(innermost(option) ?? defaults.adapter, adapter) }
}

function kindOf(option: AdapterOption, resolved: AxiosAdapter): AdapterKind {
  // The first that Node has, and it has no XMLHttpRequest
  const first = Array.isArray(option) ? option.find((name) => name !== 'xhr') : option
  if (wrappedBy(resolved)) return first === 'fetch' ? 'nested' : 'other'
  if (first === 'fetch') return 'fetch'
  return typeof first === 'function' ? 'other' : 'own'
}

/** Has a config name the caller's adapter again. */
function giveBack(config: InternalAxiosRequestConfig, adapter: AxiosAdapter): void {
  if (config.adapter !== adapter) return
  const callers = innermost(adapter)
  if (callers === undefined) delete config.adapter
  else config.adapter = callers
}
