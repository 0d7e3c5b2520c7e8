import { setImmediate as immediate } from 'node:timers/promises'
import { Point } from '@noble/secp256k1'
import { expect, it, vi } from 'vitest'
import { isNobleWarm, signNoble, warmNoble } from '../../src/signers/noble.js'

/** Additions that noble's table of multiples of the base point takes. */
const tableSize = 33 * 128
/** What a product of the base point takes, once the table is there. */
const product = 33

// One test in this file: the table is built once a process
it('has noble’s table built turn by turn, and noble adds nothing anew', async () => {
  const add = vi.spyOn(Point.prototype, 'add')
  const spied = Point.prototype.add
  const turns: number[] = []
  warmNoble()
  warmNoble()
  expect(add).not.toHaveBeenCalled()
  while (!isNobleWarm()) {
    const before = add.mock.calls.length
    await immediate()
    turns.push(add.mock.calls.length - before)
  }
  expect(turns.length).toBeGreaterThan(1)
  // and those of two products: the one that has the table built, and the first signature's
  expect(add).toHaveBeenCalledTimes(tableSize + 2 * product)
  expect(Point.prototype.add).toBe(spied)

  add.mockClear()
  signNoble(new Uint8Array(32), new Uint8Array(32).fill(1))
  expect(add).toHaveBeenCalledTimes(product)
  // which takes less time than with any other Z
  expect(add.mock.calls.map(([point]) => point.Z)).toEqual(new Array(product).fill(1n))
})
