import type { Tensor } from '@tensorflow/tfjs'
import {
  coveredPads,
  isDilated,
  outputExtents,
  type Padding,
  type Pair,
  shapeOf,
  type Window,
} from '../../../ir/index.ts'
import { countsAlong } from '../window/counts.ts'
import { padded } from './canvas.ts'
import { type Lowering, runKernel, type Target } from './kernel.ts'
import { pooled } from './pooling.ts'
import { placeTap, takeTap } from './taps.ts'

const taken = (pads: Padding): readonly Pair[] => pads.map(([before, after]): Pair => [0 - before, 0 - after])

/** Every tap of a window, row-major. */
const tapsOf = ({ size, dilations }: Window): readonly Pair[] =>
  Array.from(
    { length: size[0] * size[1] },
    (_, k): Pair => [Math.floor(k / size[1]) * dilations[0], (k % size[1]) * dilations[1]],
  )

/** Tap by tap: the first that equals the largest pixel takes the gradient. */
const byTaps = (target: Target, canvas: Tensor, gradient: Tensor, window: Window, outputs: Pair): Tensor => {
  const { tf } = target
  const [, h, w] = canvas.shape
  const extents: Pair = [h, w]
  const taps = tapsOf(window)
  const values = taps.map(tap => takeTap(target, canvas, tap, window.strides, outputs))
  const largest = isDilated(window)
    ? values.reduce((a, b) => tf.maximum(a, b))
    : pooled(target, 'MaxPool', canvas, window, 'valid')
  let left: Tensor = gradient
  return taps
    .map((tap, k) => {
      const hit = tf.cast(tf.equal(values[k], largest), 'float32')
      const given = tf.mul(left, hit)
      left = tf.sub(left, given)
      return placeTap(target, given, tap, window.strides, extents)
    })
    .reduce((a, b) => tf.add(a, b))
}

export const maxPoolGradient: Lowering<'MaxPoolGradient'> = (target, window, { operands }) => {
  const [h, w] = shapeOf(operands[0])
  const pads = coveredPads([h, w], window)
  const outputs = outputExtents([h, w], window)
  const settings = { filterSize: window.size, strides: window.strides, pad: 'valid' }
  // WebAssembly's own kernel finds no largest pixel among those that are not positive.
  const tapwise = isDilated(window) || target.backend === 'wasm'
  return {
    run: ([x, gradient]) => {
      const canvas = padded(target, x, pads, Number.NEGATIVE_INFINITY)
      const given = tapwise
        ? byTaps(target, canvas, gradient, window, outputs)
        : runKernel(
            target,
            'MaxPoolGrad',
            { dy: gradient, input: canvas, output: pooled(target, 'MaxPool', canvas, window, 'valid') },
            settings,
          )
      return padded(target, given, taken(pads))
    },
  }
}

export const meanPoolGradient: Lowering<'MeanPoolGradient'> = (
  target,
  { countPadding, extents, ...window },
  { operands },
) => {
  const { tf, keep } = target
  const pads = coveredPads(extents, window)
  const [oh, ow, c] = shapeOf(operands[0])
  const canvas: Pair = [extents[0] + pads[0][0] + pads[0][1], extents[1] + pads[1][0] + pads[1][1]]
  const rows = countsAlong(0, extents[0], oh, window, countPadding)
  const columns = countsAlong(1, extents[1], ow, window, countPadding)
  const over = isDilated(window) ? 1 : window.size[0] * window.size[1]
  const factors = keep(
    tf.tensor4d(
      rows.flatMap(r => columns.map(column => over / (r * column))),
      [1, oh, ow, 1],
    ),
  )
  const settings = { filterSize: window.size, strides: window.strides, pad: 'valid' }
  return {
    run: ([gradient]) => {
      const parts = tf.mul(gradient, factors)
      const given = isDilated(window)
        ? tapsOf(window)
            .map(tap => placeTap(target, parts, tap, window.strides, canvas))
            .reduce((a, b) => tf.add(a, b))
        : runKernel(target, 'AvgPoolGrad', { dy: parts, input: tf.zeros([gradient.shape[0], ...canvas, c]) }, settings)
      return padded(target, given, taken(pads))
    },
  }
}
