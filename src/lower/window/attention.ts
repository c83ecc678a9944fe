import type { Pair } from '../../../ir/index.ts'
import type { Partition } from '../../../ir/ops/attention.ts'

/** The axes between batch and channels on the way from a map `[n, h, w, c]` to its windows and back. */
interface InWindows {
  /** Rows and columns apart. */
  readonly apart: readonly number[]
  /** From there to `moved`: of `[n, …, c]`. */
  readonly order: readonly number[]
  /** Windows, along rows and along columns, before the rows and columns of each. */
  readonly moved: readonly number[]
  /** From `moved` to `apart`. */
  readonly inverse: readonly number[]
}

/** How a map becomes windows of `[r, s]` pixels, and is one again. */
export const inWindows = ([h, w]: Pair, [r, s]: Pair, partition: Partition): InWindows => {
  const moved = [h / r, w / s, r, s]
  return partition === 'blocks'
    ? { apart: [h / r, r, w / s, s], order: [0, 1, 3, 2, 4, 5], moved, inverse: [0, 1, 3, 2, 4, 5] }
    : { apart: [r, h / r, s, w / s], order: [0, 2, 4, 1, 3, 5], moved, inverse: [0, 3, 1, 4, 2, 5] }
}

/** Ones where a row and a column of a square of this extent, row by row, have a difference, from −(extent−1): `[extent², 2·extent − 1]`. */
export const diagonals = (extent: number): Float32Array => {
  const offsets = 2 * extent - 1
  const ones = new Float32Array(extent ** 2 * offsets)
  for (let row = 0; row < extent; row++)
    for (let column = 0; column < extent; column++)
      ones[(row * extent + column) * offsets + row - column + extent - 1] = 1
  return ones
}
