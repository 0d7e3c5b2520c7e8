import { publish } from '../events.js'
import { createMinter, type MinterOptions, type TokenSource } from './minter.js'
import { createSharedSource, type SharedSource, type SharedSourceOptions } from './shared-source.js'
import type { TokenStore } from './store.js'
import { traced } from './traced.js'

/** @internal */
export type SourceOptions = MinterOptions &
  Omit<SharedSourceOptions, 'store' | 'onFailure'> & { readonly store: TokenStore | undefined }

/**
 * What a cache takes its tokens from: the minter, behind the store that a fleet shares.
 *
 * @internal
 */
export function createSource(
  options: SourceOptions,
): TokenSource & Partial<Pick<SharedSource, 'invalidate'>> {
  const minter = traced(createMinter(options))
  const { store } = options
  if (store === undefined) return minter
  return createSharedSource(minter, {
    ...options,
    store,
    onFailure: (failure) => publish('orgid-bearer:store-failed', () => failure),
  })
}
