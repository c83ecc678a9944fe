import { concat, split } from './arrange.ts'
import type { Lowering } from './lowering.ts'

/** Variants lie one after another along the batch: `[variants · n, …]`. */
export const stack: Lowering<'Stack'> = (emit, values) => concat(emit, values, 0)

export const unstack: Lowering<'Unstack'> = (emit, [x], { index, count }) => split(emit, x, 0, count)[index]
