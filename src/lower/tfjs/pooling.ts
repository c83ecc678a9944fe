import type { Tensor } from '@tensorflow/tfjs'
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
import { crop, explicitPads, padded } from './canvas.ts'
import { type Kernel, type Lowering, runKernel, type Target } from './kernel.ts'
import { everyNth } from './taps.ts'

export const pooled = (
  target: Target,
  name: 'MaxPool' | 'AvgPool',
  x: Tensor,
  { size, strides }: Window,
  pad: unknown,
): Tensor => runKernel(target, name, { x }, { filterSize: size, strides, pad })

/** Folds the taps of a dilated window over a map that holds them all, first along rows, then along columns. */
const foldTaps = (
  target: Target,
  canvas: Tensor,
  { size, strides, dilations }: Window,
  outputs: Pair,
  fold: (a: Tensor, b: Tensor) => Tensor,
): Tensor => {
  const { tf } = target
  const along = (x: Tensor, axis: 1 | 2): Tensor => {
    const step: Pair = axis === 1 ? [strides[0], 1] : [1, strides[1]]
    const span = (outputs[axis - 1] - 1) * strides[axis - 1] + 1
    return Array.from({ length: size[axis - 1] }, (_, tap) => {
      const begin = x.shape.map((_, k) => (k === axis ? tap * dilations[axis - 1] : 0))
      return everyNth(
        target,
        tf.slice(
          x,
          begin,
          x.shape.map((n, k) => (k === axis ? span : n)),
        ),
        step,
      )
    }).reduce(fold)
  }
  return along(along(canvas, 1), 2)
}

const extentsOf = (typing: Typing): Pair => {
  const [h, w] = shapeOf(typing.operands[0])
  return [h, w]
}

export const maxPool: Lowering<'MaxPool'> = (target, window, typing): Kernel => {
  const extents = extentsOf(typing)
  const pads = coveredPads(extents, window)
  const below = Number.NEGATIVE_INFINITY
  if (isDilated(window)) {
    const outputs = outputExtents(extents, window)
    return { run: ([x]) => foldTaps(target, padded(target, x, pads, below), window, outputs, target.tf.maximum) }
  }
  if (isSame(extents, window, pads)) return { run: ([x]) => pooled(target, 'MaxPool', x, window, 'same') }
  // tfjs-node passes no explicit pads on.
  return target.backend === 'tensorflow'
    ? { run: ([x]) => pooled(target, 'MaxPool', padded(target, x, pads, below), window, 'valid') }
    : { run: ([x]) => pooled(target, 'MaxPool', crop(target, x, pads), window, explicitPads(pads)) }
}

/** Means of windows that lie on a canvas, those of large ones in steps. */
const meansOf = (target: Target, canvas: Tensor, window: Window): Tensor =>
  meanWindows(window).reduce((x, each) => pooled(target, 'AvgPool', x, each, 'valid'), canvas)

/** By what to multiply sums over windows to get means, pixel by pixel `[1, h′, w′, 1]`, or one number where all agree. */
const meansFromSums = (target: Target, rows: readonly number[], columns: readonly number[]): number | Tensor => {
  const uniform = rows.every(n => n === rows[0]) && columns.every(n => n === columns[0])
  if (uniform) return 1 / (rows[0] * columns[0])
  const factors = rows.flatMap(r => columns.map(c => 1 / (r * c)))
  return target.keep(target.tf.tensor4d(factors, [1, rows.length, columns.length, 1]))
}

export const meanPool: Lowering<'MeanPool'> = (target, { countPadding, ...window }, typing): Kernel => {
  const { tf } = target
  const extents = extentsOf(typing)
  const outputs = outputExtents(extents, window)
  const pads = coveredPads(extents, window)
  const rows = countsAlong(0, extents[0], outputs[0], window, countPadding)
  const columns = countsAlong(1, extents[1], outputs[1], window, countPadding)
  const size = window.size[0] * window.size[1]
  if (isDilated(window)) {
    const factor = meansFromSums(target, rows, columns)
    return { run: ([x]) => tf.mul(foldTaps(target, padded(target, x, pads), window, outputs, tf.add), factor) }
  }
  if (rows.every(n => n === window.size[0]) && columns.every(n => n === window.size[1]))
    return { run: ([x]) => meansOf(target, padded(target, x, pads), window) }
  const small = meanWindows(window).length === 1
  if (!countPadding && small && isSame(extents, window, pads))
    return { run: ([x]) => pooled(target, 'AvgPool', x, window, 'same') }
  if (!countPadding && small && target.backend !== 'tensorflow')
    return { run: ([x]) => pooled(target, 'AvgPool', crop(target, x, pads), window, explicitPads(pads)) }
  const factor = meansFromSums(
    target,
    rows.map(n => n / size),
    columns,
  )
  return { run: ([x]) => tf.mul(meansOf(target, padded(target, x, pads), window), factor) }
}

/** The mean of each map `[n, 1, 1, c]`, a large one's in steps: pools, on WebAssembly ten times as fast as a mean over two axes. */
export const meanOfMap = (target: Target, x: Tensor, extents: Pair): Tensor =>
  meanSteps(extents).reduce(
    (x, filterSize) => runKernel(target, 'AvgPool', { x }, { filterSize, strides: filterSize, pad: 'valid' }),
    x,
  )

export const globalPool: Lowering<'GlobalPool'> = (target, { reduction }, typing) => {
  const [h, w, c] = shapeOf(typing.operands[0])
  const whole = (x: Tensor): Tensor =>
    reduction === 'mean'
      ? meanOfMap(target, x, [h, w])
      : runKernel(target, 'MaxPool', { x }, { filterSize: [h, w], strides: [1, 1], pad: 'valid' })
  return { run: ([x]) => target.tf.reshape(whole(x), [-1, c]) }
}
