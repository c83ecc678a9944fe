import { sizeOf } from '../../../../../ir/index.ts'
import { cut, type Run } from '../arrangement.ts'
import { type Example, reshaped, type Value } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import { type GraphRule, integer, numbersAt, type Site, valueAt } from './node.ts'
import { numbers } from './shape.ts'

const bits = (mask: number, at: number): boolean => Math.floor(mask / 2 ** at) % 2 === 1

/** A run that TensorFlow counts as slices in Python are counted: from the end if negative, cut to the extent. */
const runOf = (extent: number, begin: number | null, end: number | null, step: number): Run => {
  if (!Number.isSafeInteger(step) || step === 0)
    return refuse('unsupported-attribute', `a step of ${step}`, 'a whole number other than 0')
  const low = step > 0 ? 0 : -1
  const high = step > 0 ? extent : extent - 1
  const place = (n: number): number => Math.min(Math.max(n < 0 ? n + extent : n, low), high)
  const from = begin === null ? (step > 0 ? 0 : extent - 1) : place(begin)
  const to = end === null ? (step > 0 ? extent : -1) : place(end)
  // Backwards over [to + 1, from]: as pixels forwards, mirrored.
  return step > 0 ? { begin: from, end: to, step } : { begin: to + 1, end: from + 1, step }
}

const isWhole = (run: Run, extent: number): boolean =>
  run.begin === 0 &&
  run.step === 1 &&
  (Number.isNaN(extent) ? run.end === Number.POSITIVE_INFINITY : run.end === extent)

const ofExample = (site: Site, x: Example, runs: readonly Run[], gone: readonly boolean[]): Value => {
  const [batch, ...rest] = runs
  if (gone[0] || !isWhole(batch, Number.NaN))
    return refuse('unsupported-attribute', 'a slice of the batch', 'whole batches')
  const part = cut(site.canvas, site.name, x, rest)
  const shape = part.shape.filter((_, axis) => !gone[axis + 1])
  return shape.length === part.shape.length ? part : reshaped(part, [Number.NaN, ...shape])
}

const stridedSlice: GraphRule = site => {
  const x = valueAt(site, 0)
  const extents = x.kind === 'constant' ? x.value.shape : [Number.POSITIVE_INFINITY, ...x.shape]
  const [begin, end, strides] = [1, 2, 3].map(at => numbersAt(site, at))
  if (integer(site, 'new_axis_mask', 0) !== 0) return refuse('unsupported-attribute', 'new_axis_mask', 'no new axes')
  const masks = ['begin_mask', 'end_mask', 'ellipsis_mask', 'shrink_axis_mask'].map(name => integer(site, name, 0))
  const [beginMask, endMask, ellipsisMask, shrinkMask] = masks
  const ellipsis = begin.findIndex((_, at) => bits(ellipsisMask, at))
  const skipped = extents.length - begin.length + (ellipsis < 0 ? 0 : 1)
  if (skipped < 0 || begin.length !== end.length || begin.length !== strides.length)
    return refuse('malformed-file', `${begin.length} slices of ${extents.length} axes`, 'one an axis')
  const specOf = (axis: number): number => {
    if (ellipsis < 0) return axis < begin.length ? axis : -1
    return axis < ellipsis ? axis : axis < ellipsis + skipped ? -1 : axis - skipped + 1
  }
  const specs = extents.map((_, axis) => specOf(axis))
  const gone = specs.map(at => at >= 0 && bits(shrinkMask, at))
  const runs = extents.map((extent, axis): Run => {
    const at = specs[axis]
    if (at < 0) return { begin: 0, end: extent, step: 1 }
    if (!gone[axis])
      return runOf(extent, bits(beginMask, at) ? null : begin[at], bits(endMask, at) ? null : end[at], strides[at])
    const place = begin[at] < 0 ? begin[at] + extent : begin[at]
    return { begin: place, end: place + 1, step: 1 }
  })
  if (x.kind === 'example') return ofExample(site, x, runs, gone)
  return x.value.shape.length === 1
    ? ofNumbers(site.name, [...x.value.data], runs[0], gone[0])
    : refuse('unsupported-shape', `a slice of a constant [${x.value.shape}]`, 'a slice of a shape')
}

const ofNumbers = (name: string, data: readonly number[], { begin, end, step }: Run, gone: boolean): Value => {
  const run = data.slice(Math.max(0, begin), Math.max(0, end))
  const ordered = step < 0 ? run.reverse() : run
  const taken = ordered.filter((_, at) => at % Math.abs(step) === 0)
  if (gone && taken.length !== 1)
    return refuse('unsupported-shape', `place ${begin} of ${data.length}`, 'a place inside')
  return numbers(name, taken, gone ? [] : [taken.length])
}

const slice: GraphRule = site => {
  const x = valueAt(site, 0)
  const [begin, size] = [numbersAt(site, 1), numbersAt(site, 2)]
  const extents = x.kind === 'constant' ? x.value.shape : [Number.POSITIVE_INFINITY, ...x.shape]
  if (begin.length !== extents.length || size.length !== extents.length)
    return refuse('malformed-file', `${begin.length} slices of ${extents.length} axes`, 'one an axis')
  const runs = extents.map(
    (extent, axis): Run => ({
      begin: begin[axis],
      end: size[axis] === -1 ? extent : begin[axis] + size[axis],
      step: 1,
    }),
  )
  const gone = extents.map(() => false)
  if (x.kind === 'example') return ofExample(site, x, runs, gone)
  return x.value.shape.length === 1 && sizeOf(x.value.shape) > 0
    ? ofNumbers(site.name, [...x.value.data], runs[0], false)
    : refuse('unsupported-shape', `a slice of a constant [${x.value.shape}]`, 'a slice of a shape')
}

export const sliceOps: { readonly [op: string]: GraphRule } = { StridedSlice: stridedSlice, Slice: slice }
