/**
 * Counts the changes (to keys, to tokens in the cache) after which what is remembered of a partner may
 * hold no more.
 *
 * @internal
 */
export interface Revision {
  current: number
}
