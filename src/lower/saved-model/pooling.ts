import {
  coveredPads,
  isDilated,
  outputExtents,
  type Pair,
  shapeOf,
  type Typing,
  type Window,
} from '../../../ir/index.ts'
import { countsAlong, isSame } from '../window/counts.ts'
import { meanSteps, meanWindows } from '../window/mean-steps.ts'
import { reduce, scalarLike, stride } from './arrange.ts'
import { text, wholes } from './attributes.ts'
import { padded } from './canvas.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

const pooled = (
  emit: Emitter,
  op: 'MaxPool' | 'AvgPool',
  x: Value,
  { size, strides }: Pick<Window, 'size' | 'strides'>,
  padding: 'SAME' | 'VALID',
): Value =>
  emit.node(op, [x], {
    ksize: wholes([1, ...size, 1]),
    strides: wholes([1, ...strides, 1]),
    padding: text(padding),
    data_format: text('NHWC'),
    ...(op === 'MaxPool' ? { explicit_paddings: wholes([]) } : {}),
  })

/** Folds the taps of a dilated window over a map that holds them all, first along rows, then along columns. */
const foldTaps = (
  emit: Emitter,
  canvas: Value,
  { size, strides, dilations }: Window,
  outputs: Pair,
  op: 'Maximum' | 'AddV2',
): Value => {
  const along = (x: Value, axis: 0 | 1): Value =>
    Array.from({ length: size[axis] }, (_, tap) =>
      stride(emit, x, axis === 0 ? 1 : 2, tap * dilations[axis], strides[axis], outputs[axis]),
    ).reduce((a, b) => emit.node(op, [a, b]))
  return along(along(canvas, 0), 1)
}

const extentsOf = (typing: Typing): readonly [h: number, w: number, c: number] => {
  const [h, w, c] = shapeOf(typing.operands[0])
  return [h, w, c]
}

export const maxPool: Lowering<'MaxPool'> = (emit, [x], window, typing) => {
  const [h, w, c] = extentsOf(typing)
  const pads = coveredPads([h, w], window)
  const canvas = (): Value => padded(emit, x, [h, w, c], pads, Number.NEGATIVE_INFINITY)
  if (isDilated(window)) return foldTaps(emit, canvas(), window, outputExtents([h, w], window), 'Maximum')
  return isSame([h, w], window, pads)
    ? pooled(emit, 'MaxPool', x, window, 'SAME')
    : pooled(emit, 'MaxPool', canvas(), window, 'VALID')
}

/** By what to multiply to get means, pixel by pixel `[1, h′, w′, 1]`, or one number where all agree. */
const meansFrom = (emit: Emitter, x: Value, rows: readonly number[], columns: readonly number[]): Value => {
  const uniform = rows.every(n => n === rows[0]) && columns.every(n => n === columns[0])
  if (uniform) return scalarLike(emit, x, 1 / (rows[0] * columns[0]))
  const factors = rows.flatMap(r => columns.map(c => 1 / (r * c)))
  return emit.constant([1, rows.length, columns.length, 1], factors, x.format)
}

export const meanPool: Lowering<'MeanPool'> = (emit, [x], { countPadding, ...window }, typing) => {
  const [h, w, c] = extentsOf(typing)
  const outputs = outputExtents([h, w], window)
  const pads = coveredPads([h, w], window)
  const [down, across] = window.size
  const rows = countsAlong(0, h, outputs[0], window, countPadding)
  const columns = countsAlong(1, w, outputs[1], window, countPadding)
  const steps = meanWindows(window)
  if (!countPadding && !isDilated(window) && steps.length === 1 && isSame([h, w], window, pads))
    return pooled(emit, 'AvgPool', x, window, 'SAME')
  const canvas = padded(emit, x, [h, w, c], pads)
  if (isDilated(window)) {
    const sums = foldTaps(emit, canvas, window, outputs, 'AddV2')
    return emit.node('Mul', [sums, meansFrom(emit, x, rows, columns)])
  }
  const means = steps.reduce((x, each) => pooled(emit, 'AvgPool', x, each, 'VALID'), canvas)
  if (rows.every(n => n === down) && columns.every(n => n === across)) return means
  const factors = meansFrom(
    emit,
    x,
    rows.map(n => n / down),
    columns.map(n => n / across),
  )
  return emit.node('Mul', [means, factors])
}

/** The mean of a map as wide as a pixel, a large one's in steps. */
const meanOfMap = (emit: Emitter, x: Value, extents: Pair): Value =>
  meanSteps(extents)
    .slice(0, -1)
    .reduce((x, size) => pooled(emit, 'AvgPool', x, { size, strides: size }, 'VALID'), x)

export const globalPool: Lowering<'GlobalPool'> = (emit, [x], { reduction }, typing) => {
  const [h, w] = extentsOf(typing)
  return reduction === 'mean'
    ? reduce(emit, 'Mean', meanOfMap(emit, x, [h, w]), [1, 2])
    : reduce(emit, 'Max', x, [1, 2])
}
