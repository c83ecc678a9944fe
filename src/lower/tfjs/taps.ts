import type { Tensor } from '@tensorflow/tfjs'
import type { Pair } from '../../../ir/index.ts'
import type { Target } from './kernel.ts'

/** Pixels of a canvas `[n, h, w, c]` that one tap of a sliding window meets, `[n, h′, w′, c]`. */
export const takeTap = ({ tf }: Target, canvas: Tensor, tap: Pair, strides: Pair, outputs: Pair): Tensor => {
  const [n, , , c] = canvas.shape
  const end = ([0, 1] as const).map(k => tap[k] + (outputs[k] - 1) * strides[k] + 1)
  return strides[0] === 1 && strides[1] === 1
    ? tf.slice(canvas, [0, tap[0], tap[1], 0], [n, outputs[0], outputs[1], c])
    : tf.stridedSlice(canvas, [0, tap[0], tap[1], 0], [n, end[0], end[1], c], [1, strides[0], strides[1], 1])
}

/** A map with zeros between its pixels, and around them so that the first lies at `tap` on a canvas of these extents. */
export const placeTap = (target: Target, x: Tensor, tap: Pair, strides: Pair, canvas: Pair): Tensor => {
  const { tf } = target
  const apart = stuffed(target, x, strides)
  const [, h, w] = apart.shape
  return tf.pad(apart, [
    [0, 0],
    [tap[0], canvas[0] - h - tap[0]],
    [tap[1], canvas[1] - w - tap[1]],
    [0, 0],
  ])
}

/** A map with zeros between its pixels, so many that neighbours are the strides apart. */
export const stuffed = ({ tf }: Target, x: Tensor, [down, across]: Pair): Tensor => {
  if (down === 1 && across === 1) return x
  const [n, h, w, c] = x.shape
  const apart = tf.reshape(
    tf.pad(tf.reshape(x, [n * h, 1, w, c]), [
      [0, 0],
      [0, down - 1],
      [0, 0],
      [0, 0],
    ]),
    [n, h * down, w, 1, c],
  )
  const wide = tf.pad(tf.reshape(apart, [n * h * down, w, 1, c]), [
    [0, 0],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ])
  const all = tf.reshape(wide, [n, h * down, w * across, c])
  return tf.slice(all, [0, 0, 0, 0], [n, (h - 1) * down + 1, (w - 1) * across + 1, c])
}
