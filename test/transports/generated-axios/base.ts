import globalAxios, { type AxiosInstance, type RawAxiosRequestConfig } from 'axios'
import type { Configuration } from './configuration.js'

export const BASE_PATH = 'https://api.hotels.example'

export interface RequestArgs {
  url: string
  options: RawAxiosRequestConfig
}

export class BaseAPI {
  protected configuration: Configuration | undefined
  protected basePath: string
  protected axios: AxiosInstance

  constructor(
    configuration?: Configuration,
    basePath: string = BASE_PATH,
    axios: AxiosInstance = globalAxios,
  ) {
    this.configuration = configuration
    this.basePath = configuration?.basePath ?? basePath
    this.axios = axios
  }
}

export class RequiredError extends Error {
  public field: string

  constructor(field: string, msg?: string) {
    super(msg)
    this.name = 'RequiredError'
    this.field = field
  }
}
