import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import { type Pair, sameShape } from '../../../ir/index.ts'
import type { Target } from './kernel.ts'

/** Every `stride`-th pixel: a pool of one pixel is quicker than a strided slice on every backend, on WebAssembly two hundred times. */
export const everyNth = ({ tf }: Target, x: Tensor, strides: Pair): Tensor =>
  sameShape(strides, [1, 1]) ? x : tf.avgPool(x as Tensor4D, 1, [...strides], 'valid')

/** Whether windows fill a canvas side by side, so that a tap has its place in a cell of each. */
const inCells = ([h, w]: Pair, [oh, ow]: Pair, [down, across]: Pair): boolean => h === oh * down && w === ow * across

/** Pixels of a canvas `[n, h, w, c]` that one tap of a sliding window meets, `[n, h′, w′, c]`. */
export const takeTap = (target: Target, canvas: Tensor, [top, left]: Pair, strides: Pair, [oh, ow]: Pair): Tensor => {
  const { tf } = target
  const [n, h, w, c] = canvas.shape
  const [down, across] = strides
  if (inCells([h, w], [oh, ow], strides)) {
    const cells = tf.reshape(canvas, [n * oh, down, ow, across * c])
    return tf.reshape(tf.slice(cells, [0, top, 0, left * c], [n * oh, 1, ow, c]), [n, oh, ow, c])
  }
  const met = tf.slice(canvas, [0, top, left, 0], [n, (oh - 1) * down + 1, (ow - 1) * across + 1, c])
  return everyNth(target, met, strides)
}

/** A map with zeros between its pixels, and around them so that the first lies at `tap` on a canvas of these extents. */
export const placeTap = (target: Target, x: Tensor, tap: Pair, strides: Pair, canvas: Pair): Tensor => {
  const { tf } = target
  const [, oh, ow] = x.shape
  if (inCells(canvas, [oh, ow], strides)) return cellsOf(target, x, tap, strides)
  const apart = stuffed(target, x, strides)
  const [, h, w] = apart.shape
  return tf.pad(apart, [
    [0, 0],
    [tap[0], canvas[0] - h - tap[0]],
    [tap[1], canvas[1] - w - tap[1]],
    [0, 0],
  ])
}

/** A map whose pixels each lie at `[top, left]` in a cell of zeros. */
const cellsOf = ({ tf }: Target, x: Tensor, [top, left]: Pair, [down, across]: Pair): Tensor => {
  const [n, h, w, c] = x.shape
  const tall = tf.pad(tf.reshape(x, [n * h, 1, w, c]), [
    [0, 0],
    [top, down - 1 - top],
    [0, 0],
    [0, 0],
  ])
  const wide = tf.pad(tf.reshape(tall, [n * h * down, w, 1, c]), [
    [0, 0],
    [0, 0],
    [left, across - 1 - left],
    [0, 0],
  ])
  return tf.reshape(wide, [n, h * down, w * across, c])
}

/** A map with zeros between its pixels, so many that neighbours are the strides apart. */
export const stuffed = (target: Target, x: Tensor, strides: Pair): Tensor => {
  const [down, across] = strides
  if (down === 1 && across === 1) return x
  const [n, h, w, c] = x.shape
  const cells = cellsOf(target, x, [0, 0], strides)
  return target.tf.slice(cells, [0, 0, 0, 0], [n, (h - 1) * down + 1, (w - 1) * across + 1, c])
}
