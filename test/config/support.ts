import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { isOrgidAuthError, type OrgidAuthError } from '../../src/errors.js'
import { did } from '../support.js'

export const issuer = `${did('a')}#webserver`
export const hotels = { name: 'hotels', did: did('b'), origin: 'https://api.hotels.example' }
export const offers = 'https://api.hotels.example/offers'

/** A directory for each test, and what is written into it. */
export function useFolder() {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orgid-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  return {
    path: (name = '') => join(folder, name),
    /** Text as it is, anything else as JSON; returns the path. */
    write: (name: string, content: unknown) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    },
  }
}

/** The process warnings of each test. */
export function useWarnings(): { readonly list: (Error & { code?: string })[] } {
  const warnings = { list: [] as (Error & { code?: string })[] }
  const listen = (warning: Error) => warnings.list.push(warning)
  beforeEach(() => {
    warnings.list = []
    process.on('warning', listen)
  })
  afterEach(() => {
    process.off('warning', listen)
  })
  return warnings
}

/** The error with which this library rejects; any other one is thrown on. */
export async function rejection(promise: Promise<unknown>): Promise<OrgidAuthError> {
  try {
    await promise
  } catch (error) {
    if (isOrgidAuthError(error)) return error
    throw error
  }
  throw new Error('expected a rejection')
}
