import { hash } from 'node:crypto'
import * as secp256k1 from '@noble/secp256k1'
import { hmacSha256 } from './hmac.js'

const { Point } = secp256k1
type Point = InstanceType<typeof Point>

/** Signs as RFC 6979 says, with low s. @internal */
export function signNoble(input: Uint8Array, scalar: Uint8Array): Uint8Array {
  // noble's synchronous sign wants hashes given; what another user of the same copy set stays
  secp256k1.hashes.sha256 ??= (message) => hash('sha256', message, 'buffer')
  secp256k1.hashes.hmacSha256 ??= hmacSha256
  return secp256k1.sign(input, scalar)
}

/** Whether a signature takes no longer than signatures do. @internal */
export function isNobleWarm(): boolean {
  return state === 'warm'
}

let state: 'cold' | 'warming' | 'warm' = 'cold'

/** Milliseconds at a stretch. */
const slice = 2

/** Makes noble ready to sign, once per process, in slices that leave the event loop free. @internal */
export function warmNoble(): void {
  if (state !== 'cold') return
  state = 'warming'
  const steps = makeTable()
  const goOn = () => {
    const end = performance.now() + slice
    while (performance.now() < end) {
      if (!steps.next().done) continue
      // The first signature is slow as well, since its code has not been compiled
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

/**
 * Has noble build its table of multiples of the base point out of sums that are made here, one at a
 * time, and then brought to Z = 1: an addition takes less time with such a point.
 */
function* makeTable(): Generator<void> {
  const sums: Sum[] = []
  let base = Point.BASE
  for (let window = 0; window < 33; window += 1) {
    const multiples: Point[] = []
    let last = base
    for (let multiple = 2; multiple <= 129; multiple += 1) {
      // The last one is double the largest multiple, and where the next window begins
      last = last.add(multiple === 129 ? last : base)
      multiples.push(last)
      yield
    }
    let left = base
    for (const sum of normalized(multiples)) {
      const right = sums.length % 128 === 127 ? left : base
      sums.push({ left, right, sum })
      left = sum
    }
    base = left
    yield
  }
  buildTable(sums)
}

const { p: modulus } = Point.CURVE()

/** The same points with Z = 1, for a single inversion: that of the product of all (Montgomery's trick). */
function normalized(points: readonly Point[]): Point[] {
  // Of those before each point
  const products: bigint[] = []
  let product = 1n
  for (const { Z } of points) {
    products.push(product)
    product = (product * Z) % modulus
  }
  let inverse = secp256k1.etc.invert(product, modulus)
  const same: Point[] = []
  for (let index = points.length - 1; index >= 0; index -= 1) {
    const { X, Y, Z } = points[index] as Point
    const own = (inverse * (products[index] as bigint)) % modulus
    inverse = (inverse * Z) % modulus
    same.push(Point.fromAffine({ x: (X * own) % modulus, y: (Y * own) % modulus }))
  }
  return same.reverse()
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
