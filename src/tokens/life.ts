/**
 * The share of its life for which a token is fresh: from 70 to 85 %, so that tokens minted together
 * part ways.
 *
 * @param random uniform in [0, 1).
 * @internal
 */
export function freshShare(random: () => number): number {
  return 0.7 + 0.15 * random()
}

/**
 * Seconds before `exp` in which a token might expire on its way: 30, or a tenth of a short life.
 *
 * @internal
 */
export function guard(lifetime: number): number {
  return Math.min(30, lifetime / 10)
}
