// Interceptors of other libraries, attached to an axios instance.
import { createAuthRefresh } from 'axios-auth-refresh'
import tokenProvider from 'axios-token-interceptor'

export function attachTokenInterceptor(instance, token) {
  const getToken = tokenProvider.tokenCache(async () => token, { maxAge: 3_600_000 })
  instance.interceptors.request.use(tokenProvider({ getToken }))
}

/** It puts no token on; its own documentation does it with an interceptor like this one. */
export function attachAuthRefresh(instance, token) {
  createAuthRefresh(instance, async () => undefined)
  instance.interceptors.request.use((config) => {
    config.headers.Authorization = `Bearer ${token}`
    return config
  })
}
