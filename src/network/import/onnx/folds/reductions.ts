import { sizeOf, stridesOf } from '../../../../../ir/tensor.ts'
import { type Constant, constant, isWhole, type Scalar, stored } from '../constant.ts'
import { axesOf, axisOf, constantAt, numbersOf, type OnnxNode, scalarOf, valuesOf } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exceptBatch } from './elementwise.ts'
import { computed, type Fold, type Folding, positions } from './fold.ts'
import { made } from './room.ts'

interface Reduction {
  readonly start: number
  readonly step: (total: number, value: number) => number
  readonly end?: (total: number, count: number, whole: boolean) => number
}

/** The axes of a reduction: all where none are named, unless the node says that this means none. */
const reducedAxes = (node: OnnxNode, rank: number): ReadonlySet<number> => {
  const named = axesOf(node, 1) ?? []
  const none = node.int('noop_with_empty_axes', 0) !== 0
  const all = Array.from({ length: rank }, (_, k) => k)
  return new Set(named.length > 0 ? named.map(axis => axisOf(axis, rank)) : none ? [] : all)
}

/** For each value of a constant the position of the one that it is reduced into. */
const groupsOf = (
  x: Constant,
  axes: ReadonlySet<number>,
  { room }: Folding,
): { readonly into: Int32Array; readonly kept: readonly number[] } => {
  const kept = x.dims.map((d, k) => (axes.has(k) ? 1 : d))
  const strides = stridesOf(kept).map((s, k) => (axes.has(k) ? 0 : s))
  made(room, kept)
  return { into: positions(room, x.dims, strides, 0), kept }
}

const dimsAfter = (kept: readonly number[], axes: ReadonlySet<number>, keep: boolean): readonly number[] =>
  keep ? kept : kept.filter((_, k) => !axes.has(k))

const reduction =
  ({ start, step, end = total => total }: Reduction): Fold =>
  (node, folding) => {
    const x = constantAt(node, 0)
    const keep = node.int('keepdims', 1) !== 0
    const axes = reducedAxes(node, x.dims.length)
    if (axes.size === 0 && x.dims.length > 0) return [x]
    const values = valuesOf(x)
    const { into, kept } = groupsOf(x, axes, folding)
    const totals = new Float64Array(sizeOf(kept)).fill(start)
    for (let k = 0; k < values.length; k++) totals[into[k]] = step(totals[into[k]], values[k])
    const count = values.length / totals.length
    const results = totals.map(total => end(total, count, isWhole(x.type)))
    return [constant(node.output, dimsAfter(kept, axes, keep), stored(x.type, results), x.type)]
  }

const sum: Reduction = { start: 0, step: (total, x) => total + x }
const total = reduction(sum)

/** The exponentials are taken from the largest value on, so that none overflows. */
const logSumExp: Fold = (node, folding) => {
  const x = constantAt(node, 0)
  const values = valuesOf(x)
  let largest = Number.NEGATIVE_INFINITY
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, values[k])
  const shift = Number.isFinite(largest) ? largest : 0
  return reduction({
    start: 0,
    step: (t, value) => t + Math.exp(value - shift),
    end: t => Math.log(t) + shift,
  })(node, folding)
}

/** Products of extents may have the size of the batch in them. */
const product: Fold = (node, folding) => {
  const x = constantAt(node, 0)
  if (!Array.from(x.values).includes('n')) return reduction({ start: 1, step: (t, value) => t * value })(node, folding)
  const axes = reducedAxes(node, x.dims.length)
  const keep = node.int('keepdims', 1) !== 0
  if (x.dims.length !== 1 || axes.size !== 1)
    return refuse('unsupported-shape', 'a product of the size of the batch', 'one of a list')
  const value = Array.from(x.values).reduce<Scalar>(
    (a, b) => (a === 'n' || b === 'n' ? exceptBatch(1)([a, b]) : a * b),
    1,
  )
  return [constant(node.output, keep ? [1] : [], stored(x.type, [value]), x.type)]
}

/** Positions of the largest or the least along an axis. */
const extreme =
  (better: (a: number, b: number) => boolean): Fold =>
  (node, folding) => {
    const x = constantAt(node, 0)
    const axis = axisOf(node.int('axis', 0), x.dims.length)
    const keep = node.int('keepdims', 1) !== 0
    const last = node.int('select_last_index', 0) !== 0
    const axes = new Set([axis])
    const values = numbersOf(x)
    const { into, kept } = groupsOf(x, axes, folding)
    const inner = sizeOf(x.dims.slice(axis + 1))
    const at = new Int32Array(sizeOf(kept)).fill(-1)
    const best = new Float64Array(at.length)
    values.forEach((value, k) => {
      const to = into[k]
      if (at[to] >= 0 && !better(value, best[to]) && !(last && value === best[to])) return
      at[to] = Math.floor(k / inner) % x.dims[axis]
      best[to] = value
    })
    return [constant(node.output, dimsAfter(kept, axes, keep), Float64Array.from(at), 'int64')]
  }

const cumulative: Fold = (node, { room }) => {
  const x = constantAt(node, 0)
  const axis = axisOf(scalarOf(constantAt(node, 1)), x.dims.length)
  const exclusive = node.int('exclusive', 0) !== 0
  const reverse = node.int('reverse', 0) !== 0
  const inner = sizeOf(x.dims.slice(axis + 1))
  const extent = x.dims[axis]
  const values = numbersOf(x)
  made(room, x.dims)
  const sums = new Float64Array(values.length)
  for (let row = 0; row < values.length / Math.max(1, extent); row++) {
    const first = Math.floor(row / inner) * extent * inner + (row % inner)
    let running = 0
    for (let step = 0; step < extent; step++) {
      const k = first + (reverse ? extent - 1 - step : step) * inner
      sums[k] = exclusive ? running : running + values[k]
      running += values[k]
    }
  }
  return [constant(node.output, x.dims, stored(x.type, sums), x.type)]
}

const topK: Fold = (node, folding) => {
  const x = constantAt(node, 0)
  const axis = axisOf(node.int('axis', -1), x.dims.length)
  const input = node.inputs[1]
  const k = input === undefined ? node.int('k', 0) : scalarOf(constantAt(node, 1))
  const largest = node.int('largest', 1) !== 0
  node.disregard('sorted')
  const extent = x.dims[axis]
  if (!(k >= 0 && k <= extent)) return refuse('malformed-file', `the first ${k} of ${extent}`, 'at most all')
  const inner = sizeOf(x.dims.slice(axis + 1))
  const values = numbersOf(x)
  folding.room.take(values.length * Math.ceil(Math.log2(extent + 2)))
  const rows = values.length / Math.max(1, extent)
  const orders = Array.from({ length: rows }, (_, row) => {
    const first = Math.floor(row / inner) * extent * inner + (row % inner)
    const at = (j: number): number => values[first + j * inner]
    const order = Array.from({ length: extent }, (_unused, j) => j)
    return order.sort((a, b) => (largest ? at(b) - at(a) : at(a) - at(b)) || a - b)
  })
  const dims = x.dims.map((d, j) => (j === axis ? k : d))
  const placeOf = (position: number): { readonly row: number; readonly at: number } => {
    const step = Math.floor(position / inner) % k
    const row = Math.floor(position / (inner * k)) * inner + (position % inner)
    return { row, at: orders[row][step] }
  }
  return [
    computed(node.output, dims, x.type, folding.room, position => {
      const { row, at } = placeOf(position)
      return values[Math.floor(row / inner) * extent * inner + (row % inner) + at * inner]
    }),
    computed(`${node.output}.indices`, dims, 'int64', folding.room, position => placeOf(position).at),
  ]
}

/** Constants reduced along some of their axes. */
export const reductionFolds: Readonly<Record<string, Fold>> = {
  ReduceSum: total,
  ReduceMean: reduction({ ...sum, end: (t, count, whole) => (whole ? Math.trunc(t / count) : t / count) }),
  ReduceMax: reduction({ start: Number.NEGATIVE_INFINITY, step: (t, x) => Math.max(t, x) }),
  ReduceMin: reduction({ start: Number.POSITIVE_INFINITY, step: (t, x) => Math.min(t, x) }),
  ReduceProd: product,
  ReduceL1: reduction({ start: 0, step: (t, x) => t + Math.abs(x) }),
  ReduceL2: reduction({ start: 0, step: (t, x) => t + x * x, end: t => Math.sqrt(t) }),
  ReduceSumSquare: reduction({ start: 0, step: (t, x) => t + x * x }),
  ReduceLogSum: reduction({ ...sum, end: t => Math.log(t) }),
  ReduceLogSumExp: logSumExp,
  ArgMax: extreme((a, b) => a > b),
  ArgMin: extreme((a, b) => a < b),
  CumSum: cumulative,
  TopK: topK,
}
