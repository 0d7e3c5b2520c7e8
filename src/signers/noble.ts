import { createHmac, hash } from 'node:crypto'
import * as secp256k1 from '@noble/secp256k1'

const { Point } = secp256k1
type Point = InstanceType<typeof Point>

/** Signs as RFC 6979 says, with low s. @internal */
export function signNoble(input: Uint8Array, scalar: Uint8Array): Uint8Array {
  // noble's synchronous sign wants hashes given; what another user of the same copy set stays
  secp256k1.hashes.sha256 ??= (message) => hash('sha256', message, 'buffer')
  secp256k1.hashes.hmacSha256 ??= (key, message) =>
    createHmac('sha256', key).update(message).digest()
  return secp256k1.sign(input, scalar)
}

/** Whether a signature takes no longer than signatures do. @internal */
export function isNobleWarm(): boolean {
  return state === 'warm'
}

let state: 'cold' | 'warming' | 'warm' = 'cold'

/** Milliseconds at a stretch. */
const slice = 2

/**
 * Makes noble ready to sign, once per process, in slices that leave the event loop free.
 *
 * @internal
 */
export function warmNoble(): void {
  if (state !== 'cold') return
  state = 'warming'
  const sums: Sum[] = []
  const additions = add(sums)
  const goOn = () => {
    const end = performance.now() + slice
    while (performance.now() < end) {
      if (!additions.next().done) continue
      buildTable(sums)
      // The first one is slow as well, since its code has not been compiled
      signNoble(new Uint8Array(32), new Uint8Array(32).fill(1))
      state = 'warm'
      return
    }
    setImmediate(goOn).unref()
  }
  setImmediate(goOn).unref()
}

interface Sum {
  readonly left: Point
  readonly right: Point
  readonly sum: Point
}

/** Makes the additions that noble's table of multiples of the base point takes, one at a time. */
function* add(sums: Sum[]): Generator<void> {
  let base = Point.BASE
  for (let window = 0; window < 33; window += 1) {
    let left = base
    for (let multiple = 2; multiple <= 129; multiple += 1) {
      // The last one is double the largest multiple, and where the next window begins
      const right = multiple === 129 ? left : base
      const sum = left.add(right)
      sums.push({ left, right, sum })
      left = sum
      yield
    }
    base = left
  }
}

/**
 * Has noble build its table of sums that are there already. It does that at one go, in about the
 * time of 200 signatures, which would hold up the event loop for as long.
 *
 * Each sum is given for the very two points of which it was made and for no others, so that what
 * noble gets is what it would have computed, however it goes about it.
 */
function buildTable(sums: readonly Sum[]): void {
  const compute = Point.prototype.add
  let next = 0
  Point.prototype.add = function (this: Point, other: Point): Point {
    const known = sums[next]
    if (known === undefined || known.left !== this || known.right !== other) {
      return compute.call(this, other)
    }
    next += 1
    return known.sum
  }
  try {
    // Any product of the base point has it built, for the whole process
    Point.BASE.multiply(2n)
  } finally {
    Point.prototype.add = compute
  }
}
