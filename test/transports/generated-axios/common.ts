import type { AxiosInstance, AxiosResponse } from 'axios'
import { type RequestArgs, RequiredError } from './base.js'
import type { Configuration } from './configuration.js'

export const DUMMY_BASE_URL = 'https://example.com'

export const assertParamExists = (functionName: string, paramName: string, paramValue: unknown) => {
  if (paramValue !== null && paramValue !== undefined) return
  throw new RequiredError(paramName, `${functionName} was called without ${paramName}`)
}

export const setBearerAuthToObject = async (
  object: Record<string, unknown>,
  configuration?: Configuration,
) => {
  const accessToken = await configuration?.accessToken?.()
  if (accessToken) object.Authorization = `Bearer ${accessToken}`
}

export const setSearchParams = (url: URL, parameters: Record<string, unknown>) => {
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(key, String(value))
  }
}

export const serializeDataIfNeeded = (
  value: unknown,
  requestOptions: { headers: Record<string, unknown> },
  configuration?: Configuration,
) => {
  const contentType = String(requestOptions.headers['Content-Type'])
  return configuration?.isJsonMime(contentType) ? JSON.stringify(value) : (value ?? '')
}

export const toPathString = (url: URL) => url.pathname + url.search + url.hash

export const createRequestFunction =
  (
    axiosArgs: RequestArgs,
    globalAxios: AxiosInstance,
    BASE_PATH: string,
    configuration?: Configuration,
  ) =>
  <T = unknown, R = AxiosResponse<T>>(
    axios: AxiosInstance = globalAxios,
    basePath: string = BASE_PATH,
  ) => {
    const base = axios.defaults.baseURL ? '' : (configuration?.basePath ?? basePath)
    const axiosRequestArgs = { ...axiosArgs.options, url: base + axiosArgs.url }
    return axios.request<T, R>(axiosRequestArgs)
  }
