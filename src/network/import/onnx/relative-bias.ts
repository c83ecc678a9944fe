import type { Pair } from '../../../../ir/op.ts'
import { offsetsOf } from '../../../../ir/ops/attention.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import type { Constant } from './constant.ts'
import { valuesOf } from './node.ts'
import { refuse } from './refuse.ts'
import type { Translation } from './translation.ts'
import { printDims } from './view.ts'

/** What a file adds to the scores of an attention, read as biases by offset and as windows that end early. */

/** Numbers by window, head, query and key. */
export interface Scores {
  readonly windows: number
  readonly heads: number
  /** Pixels of a window. */
  readonly pixels: number
  readonly data: Float64Array
}

/** Of what is added, which is `[…, heads or 1, pixels, pixels]`, whether each of the two leading axes varies. */
const layoutOf = ({ dims }: Constant, { windows, heads, pixels }: Omit<Scores, 'data'>) => {
  const [queries, keys] = dims.slice(-2)
  const byHead = dims.at(-3) ?? 1
  const byWindow = sizeOf(dims.slice(0, -3))
  const fits = queries === pixels && keys === pixels && [1, heads].includes(byHead) && [1, windows].includes(byWindow)
  return fits ? { byHead: byHead > 1, byWindow: byWindow > 1 } : null
}

/** The sum of what is added to scores. @throws Refusal where it is not of each query and key */
export const sumOfScores = (t: Translation, all: readonly Constant[], of: Omit<Scores, 'data'>): Scores => {
  const { windows, heads, pixels } = of
  const size = pixels * pixels
  t.room.take(windows * heads * size)
  const data = new Float64Array(windows * heads * size)
  for (const value of all) {
    const layout = layoutOf(value, of)
    if (layout === null)
      return refuse(
        'unsupported-shape',
        `${printDims(value.dims)} added to scores of ${heads} heads and ${pixels} pixels`,
        'a number of each head, query and key',
      )
    const own = valuesOf(value)
    const heldHeads = layout.byHead ? heads : 1
    for (let at = 0; at < data.length; at++) {
      const [window, head] = [Math.floor(at / (heads * size)), Math.floor(at / size) % heads]
      const from = (layout.byWindow ? window * heldHeads : 0) + (layout.byHead ? head : 0)
      data[at] += value.fill ?? own[from * size + (at % size)]
    }
  }
  return { ...of, data }
}

/** A score from which on a key counts as none: exporters write −100. */
const masked = -50

/** Biases by offset and head, `[2r−1, 2s−1, heads]`, or null where one offset has two. Where `counts` says no, a score is not looked at. */
const tableOf = (
  { windows, heads, pixels, data }: Scores,
  window: Pair,
  counts: (window: number, query: number, key: number) => boolean,
): Float32Array | null => {
  const [r, s] = window
  const offsets = offsetsOf(window)
  const table = new Float32Array((2 * r - 1) * (2 * s - 1) * heads)
  const seen = new Uint8Array(table.length)
  for (let w = 0; w < windows; w++)
    for (let head = 0; head < heads; head++)
      for (let pair = 0; pair < pixels * pixels; pair++) {
        if (!counts(w, Math.floor(pair / pixels), pair % pixels)) continue
        const value = Math.fround(data[(w * heads + head) * pixels * pixels + pair])
        const at = offsets[pair] * heads + head
        if (seen[at] === 1 && table[at] !== value) return null
        table[at] = value
        seen[at] = 1
      }
  return table
}

/** Windows of a map, some of which end where others go on, and their biases by offset. */
export interface Windows {
  /** Rows of each window from the top, and columns from the left. */
  readonly sizes: readonly [rows: readonly number[], columns: readonly number[]]
  /** Of the largest window: `[2r−1, 2s−1, heads]`. */
  readonly table: Float32Array
}

const alike = (count: number, size: number): readonly number[] => Array.from({ length: count }, () => size)

/** `[rows, columns]` windows of `[r, s]` pixels to whose scores nothing is added. */
export const unbiased = ([rows, columns]: Pair, [r, s]: Pair, heads: number): Windows => ({
  sizes: [alike(rows, r), alike(columns, s)],
  table: new Float32Array((2 * r - 1) * (2 * s - 1) * heads),
})

/** Sizes of the runs between places where a run ends. */
const runs = (extent: number, endsBefore: (at: number) => boolean): readonly number[] => {
  const begins = Array.from({ length: extent }, (_, at) => at).filter(at => at === 0 || endsBefore(at))
  return begins.map((begin, k) => (begins[k + 1] ?? extent) - begin)
}

/** For each place of an axis the number of its run. */
const runsAt = (sizes: readonly number[]): readonly number[] => sizes.flatMap((size, run) => alike(size, run))

/**
 * What is added to the scores of `[rows, columns]` windows of `[r, s]` pixels, one row of them after another: biases by offset, and where some keys are masked, windows
 * that end there. @throws Refusal where it is neither
 */
export const readScores = (scores: Scores, count: Pair, window: Pair): Windows => {
  const [[rows, columns], [r, s]] = [count, window]
  const { heads, pixels, data } = scores
  const plain = tableOf(scores, window, () => true)
  if (plain !== null) return { sizes: [alike(rows, r), alike(columns, s)], table: plain }
  const isMasked = (at: number, query: number, key: number): boolean =>
    data[(at * heads * pixels + query) * pixels + key] < masked
  const sizes = [
    runs(rows * r, y => y % r === 0 || isMasked(Math.floor(y / r) * columns, ((y % r) - 1) * s, (y % r) * s)),
    runs(columns * s, x => x % s === 0 || isMasked(Math.floor(x / s), (x % s) - 1, x % s)),
  ] as const
  const [rowRuns, columnRuns] = sizes.map(runsAt)
  const isSeen = (at: number, query: number, key: number): boolean => {
    const [top, left] = [Math.floor(at / columns) * r, (at % columns) * s]
    const run = (runOf: readonly number[], from: number, a: number, b: number) => runOf[from + a] === runOf[from + b]
    return run(rowRuns, top, Math.floor(query / s), Math.floor(key / s)) && run(columnRuns, left, query % s, key % s)
  }
  const table = tableOf(scores, window, isSeen)
  const agrees = data.every((score, k) => {
    const [at, pair] = [Math.floor(k / (heads * pixels * pixels)), k % (pixels * pixels)]
    return score < masked !== isSeen(at, Math.floor(pair / pixels), pair % pixels)
  })
  return table !== null && agrees
    ? { sizes, table }
    : refuse(
        'unsupported-shape',
        'scores to which each pixel adds its own',
        'a bias for each offset of query from key, and masks along rows and columns',
      )
}

/** Biases of windows of `[r, s]` pixels cut to those of smaller ones. */
export const cutTable = (
  table: Float32Array,
  [r, s]: Pair,
  [rows, columns]: Pair,
  heads: number,
): { readonly shape: readonly number[]; readonly at: (k: number) => number } => {
  const shape = [2 * rows - 1, 2 * columns - 1, heads]
  const [top, left] = [r - rows, s - columns]
  return {
    shape,
    at: (k: number): number => {
      const offset = Math.floor(k / shape[2])
      const [y, x] = [Math.floor(offset / shape[1]) + top, (offset % shape[1]) + left]
      return table[(y * (2 * s - 1) + x) * heads + (k % heads)]
    },
  }
}
