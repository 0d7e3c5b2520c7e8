import globalAxios, {
  type AxiosInstance,
  type AxiosPromise,
  type AxiosRequestConfig,
  type RawAxiosRequestConfig,
} from 'axios'
import { BASE_PATH, BaseAPI, type RequestArgs } from './base.js'
import {
  assertParamExists,
  createRequestFunction,
  DUMMY_BASE_URL,
  serializeDataIfNeeded,
  setBearerAuthToObject,
  setSearchParams,
  toPathString,
} from './common.js'
import type { Configuration } from './configuration.js'

export interface Answer {
  ok: boolean
}

export interface NewBooking {
  city: string
}

const HotelsApiAxiosParamCreator = (configuration?: Configuration) => ({
  listOffers: async (
    city: string,
    page?: number,
    options: RawAxiosRequestConfig = {},
  ): Promise<RequestArgs> => {
    assertParamExists('listOffers', 'city', city)
    const localVarUrlObj = new URL('/offers', DUMMY_BASE_URL)
    const localVarRequestOptions = { method: 'GET', ...configuration?.baseOptions, ...options }
    const localVarHeaderParameter: Record<string, unknown> = {}
    await setBearerAuthToObject(localVarHeaderParameter, configuration)
    setSearchParams(localVarUrlObj, { city, page })
    const headersFromBaseOptions = configuration?.baseOptions?.headers
    localVarRequestOptions.headers = {
      ...localVarHeaderParameter,
      ...headersFromBaseOptions,
      ...options.headers,
    } as NonNullable<AxiosRequestConfig['headers']>
    return { url: toPathString(localVarUrlObj), options: localVarRequestOptions }
  },

  createBooking: async (
    newBooking: NewBooking,
    options: RawAxiosRequestConfig = {},
  ): Promise<RequestArgs> => {
    assertParamExists('createBooking', 'newBooking', newBooking)
    const localVarUrlObj = new URL('/bookings', DUMMY_BASE_URL)
    const localVarRequestOptions = { method: 'POST', ...configuration?.baseOptions, ...options }
    const localVarHeaderParameter: Record<string, unknown> = {}
    await setBearerAuthToObject(localVarHeaderParameter, configuration)
    localVarHeaderParameter['Content-Type'] = 'application/json'
    const headersFromBaseOptions = configuration?.baseOptions?.headers
    const headers = {
      ...localVarHeaderParameter,
      ...headersFromBaseOptions,
      ...options.headers,
    } as NonNullable<AxiosRequestConfig['headers']>
    localVarRequestOptions.headers = headers
    localVarRequestOptions.data = serializeDataIfNeeded(newBooking, { headers }, configuration)
    return { url: toPathString(localVarUrlObj), options: localVarRequestOptions }
  },
})

export const HotelsApiFp = (configuration?: Configuration) => {
  const localVarAxiosParamCreator = HotelsApiAxiosParamCreator(configuration)
  return {
    async listOffers(
      city: string,
      page?: number,
      options?: RawAxiosRequestConfig,
    ): Promise<(axios?: AxiosInstance, basePath?: string) => AxiosPromise<Answer>> {
      const localVarAxiosArgs = await localVarAxiosParamCreator.listOffers(city, page, options)
      return createRequestFunction(localVarAxiosArgs, globalAxios, BASE_PATH, configuration)
    },
    async createBooking(
      newBooking: NewBooking,
      options?: RawAxiosRequestConfig,
    ): Promise<(axios?: AxiosInstance, basePath?: string) => AxiosPromise<Answer>> {
      const localVarAxiosArgs = await localVarAxiosParamCreator.createBooking(newBooking, options)
      return createRequestFunction(localVarAxiosArgs, globalAxios, BASE_PATH, configuration)
    },
  }
}

export const HotelsApiFactory = (
  configuration?: Configuration,
  basePath?: string,
  axios?: AxiosInstance,
) => {
  const localVarFp = HotelsApiFp(configuration)
  return {
    listOffers(city: string, page?: number, options?: RawAxiosRequestConfig): AxiosPromise<Answer> {
      return localVarFp.listOffers(city, page, options).then((request) => request(axios, basePath))
    },
    createBooking(newBooking: NewBooking, options?: RawAxiosRequestConfig): AxiosPromise<Answer> {
      return localVarFp
        .createBooking(newBooking, options)
        .then((request) => request(axios, basePath))
    },
  }
}

export class HotelsApi extends BaseAPI {
  public listOffers(city: string, page?: number, options?: RawAxiosRequestConfig) {
    return HotelsApiFp(this.configuration)
      .listOffers(city, page, options)
      .then((request) => request(this.axios, this.basePath))
  }

  public createBooking(newBooking: NewBooking, options?: RawAxiosRequestConfig) {
    return HotelsApiFp(this.configuration)
      .createBooking(newBooking, options)
      .then((request) => request(this.axios, this.basePath))
  }
}
