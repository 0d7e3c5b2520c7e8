// In the manner of openapi-generator's typescript-axios, written for these tests.
import type { RawAxiosRequestConfig } from 'axios'

export interface ConfigurationParameters {
  accessToken?: string | ((name?: string, scopes?: string[]) => string | Promise<string>)
  basePath?: string
  baseOptions?: RawAxiosRequestConfig
}

export class Configuration {
  accessToken?: (name?: string, scopes?: string[]) => string | Promise<string>
  basePath?: string
  baseOptions?: RawAxiosRequestConfig

  constructor(param: ConfigurationParameters = {}) {
    const { accessToken, basePath, baseOptions } = param
    if (typeof accessToken === 'string') this.accessToken = () => accessToken
    else if (accessToken) this.accessToken = accessToken
    if (basePath) this.basePath = basePath
    if (baseOptions) this.baseOptions = baseOptions
  }

  public isJsonMime(mime: string): boolean {
    return /^application\/(?:[\w.+-]+\+)?json(?:;|$)/i.test(mime)
  }
}
