import type { AxiosResponse } from 'axios'
import { type Call, noteSent } from './axios-call.js'
import { own } from './axios-config.js'
import { confine, confinedFetch } from './fetch-confined.js'

/** Sends a request with our token. @internal */
export function sendWith(call: Call, url: string, authorization: string): Promise<AxiosResponse> {
  const { kind, restore, attachment } = call
  restore.authorize(authorization)
  noteSent(call, url, authorization)
  if (kind === 'other') return request(call)
  if (kind !== 'own') {
    const { internals } = attachment
    call.confinement = { internals, authorization, redirect: undefined }
    setConfinedFetch(call)
  }
  const response = request(call)
  // axios' own adapters have read it by now: a request that is derived from the config while this
  // one is under way, for somewhere else, takes no token along
  if (kind !== 'nested') restore.takeBack()
  return response
}

/** Sends a request as its config says. @internal */
export function request({ adapter, kind, config, attachment, confinement }: Call) {
  // Resolved by name, so that it is the one for the fetch that the config has now
  const current = kind === 'fetch' ? attachment.library.getAdapter('fetch', config) : adapter
  return confinement === undefined ? current(config) : confine(confinement, () => current(config))
}

/** Keeps fetch, which follows redirects by itself, from taking the token along. */
function setConfinedFetch({ config, restore }: Call): void {
  const env = own(config, 'env')
  // axios keeps an adapter for each set of these: the present ones, which others may have replaced
  const { Request, Response } = globalThis
  const fetch = confinedFetch(env?.fetch ?? globalThis.fetch)
  restore.set('env', { Request, Response, ...env, fetch } as typeof env)
}
