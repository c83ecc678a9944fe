import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { type Pair, sameShape } from '../../../ir/index.ts'
import type { Target } from './kernel.ts'

/** Every `stride`-th pixel: a pool of one pixel is quicker than a strided slice on every backend, on WebAssembly two hundred times. */
export const everyNth = ({ tf }: Target, x: Tensor, strides: Pair): Tensor =>
  sameShape(strides, [1, 1]) ? x : tf.avgPool(x as Tensor4D, 1, [...strides], 'valid')

/** A map whose pixels each lie first in a cell of zeros. */
const inCells = ({ tf }: Target, x: Tensor, [down, across]: Pair): Tensor => {
  const [n, h, w, c] = x.shape
  const tall = tf.pad(tf.reshape(x, [n * h, 1, w, c]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
    [0, 0],
  ])
  const wide = tf.pad(tf.reshape(tall, [n * h * down, w, 1, c]), [
    [0, 0],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ])
  return tf.reshape(wide, [n, h * down, w * across, c])
}

/** A map of these extents, zeros but for the given pixels, the strides apart. */
export const spreadOut = (target: Target, x: Tensor, strides: Pair, extents: Pair): Tensor => {
  const { tf } = target
  if (sameShape(strides, [1, 1]) && sameShape(extents, x.shape.slice(1, 3))) return x
  const cells = inCells(target, x, strides)
  const [n, h, w, c] = cells.shape
  const kept = tf.slice(cells, [0, 0, 0, 0], [n, Math.min(h, extents[0]), Math.min(w, extents[1]), c])
  const after: readonly Pair[] = [
    [0, Math.max(0, extents[0] - h)],
    [0, Math.max(0, extents[1] - w)],
  ]
  return Math.max(...after.flat()) === 0 ? kept : tf.pad(kept, [[0, 0], [...after[0]], [...after[1]], [0, 0]])
}
