import type { Execution } from './execution.ts'

/** Part of a batch that is run at once: `count` rows from `from` on, with blank ones to `size`. */
export interface Portion {
  readonly from: number
  readonly count: number
  readonly size: number
}

/** The rows of a portion, of `each` numbers. What follows the last row of the values is blank. */
export const portionOf = (values: Float32Array, each: number, { from, count, size }: Portion): Float32Array => {
  if (from === 0 && values.length === size * each) return values
  if (values.length >= (from + size) * each) return values.subarray(from * each, (from + size) * each)
  const filled = new Float32Array(size * each)
  filled.set(values.subarray(from * each, (from + count) * each))
  return filled
}

/** Runs `n` images; where another batch size costs a compilation, blank ones fill a smaller batch up. Outputs have rows for these, too. */
export const runFilled = (
  { run, compilesBatches }: Pick<Execution, 'run' | 'compilesBatches'>,
  input: string,
  images: Float32Array,
  n: number,
  batch: number,
): ReturnType<Execution['run']> => {
  const size = compilesBatches ? Math.max(n, batch) : n
  return run({ [input]: portionOf(images, images.length / n, { from: 0, count: n, size }) })
}

/** Where each size costs a compilation, gathered rows are run in these. */
export const sizesUpTo = (most: number): readonly number[] =>
  [...new Set([most, most / 4, most / 16, 1].map(Math.ceil))].toSorted((a, b) => b - a)

/**
 * How up to `most` rows are run in a few sizes: what is left fills the next larger one at least by half, or the next smaller
 * one is run first.
 */
export const portions = (rows: number, most: number): readonly Portion[] => {
  const sizes = sizesUpTo(Math.max(rows, most))
  const found: Portion[] = []
  for (let from = 0; from < rows; from = found[found.length - 1].from + found[found.length - 1].count) {
    const left = rows - from
    const fitting = sizes.findLast(size => size >= left) as number
    const size = 2 * left >= fitting ? fitting : (sizes.find(each => each <= left) as number)
    found.push({ from, count: Math.min(left, size), size })
  }
  return found
}
