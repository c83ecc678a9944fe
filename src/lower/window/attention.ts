import type { Pair } from '../../../ir/index.ts'
import type { Partition } from '../../../ir/ops/attention.ts'

/** How a map `[n, h, w, c]` becomes windows: its rows and columns apart, `[n, …, …, …, …, c]`, in an order that has the two axes of windows first, and back. */
export const inWindows = (
  [h, w]: Pair,
  [r, s]: Pair,
  partition: Partition,
): { readonly apart: readonly number[]; readonly order: readonly number[]; readonly inverse: readonly number[] } =>
  partition === 'blocks'
    ? { apart: [h / r, r, w / s, s], order: [0, 1, 3, 2, 4, 5], inverse: [0, 1, 3, 2, 4, 5] }
    : { apart: [r, h / r, s, w / s], order: [0, 2, 4, 1, 3, 5], inverse: [0, 3, 1, 4, 2, 5] }
