import type { Tensor } from '@tensorflow/tfjs'
import type { Padding, Pair } from '../../../ir/index.ts'
import { cropOf, cropsAll, isZero, padOf } from '../window/pads.ts'
import type { Target } from './kernel.ts'

/** A map with its negative pads applied, positive ones left: `[n, h, w, c]`; `channels` may be cropped too. */
export const crop = ({ tf }: Target, x: Tensor, pads: readonly Pair[]): Tensor => {
  const cuts = pads.map(cropOf)
  if (isZero(cuts)) return x
  const sizes = x.shape.slice(1, 1 + cuts.length).map((n, axis) => n - cuts[axis][0] - cuts[axis][1])
  return tf.slice(x, [0, ...cuts.map(([before]) => before)], [x.shape[0], ...sizes])
}

const border = ({ tf }: Target, x: Tensor, pads: readonly Pair[], value: number): Tensor => {
  const rest = pads.map(padOf)
  if (isZero(rest)) return x
  const all = Array.from({ length: x.rank }, (_, axis): [number, number] => [...(rest[axis - 1] ?? [0, 0])])
  return tf.pad(x, all, value)
}

/** A map under pads for rows, columns and perhaps channels, negative ones cropped: `[n, h, w, c]`. */
export const padded = (target: Target, x: Tensor, pads: readonly Pair[], value = 0): Tensor =>
  cropsAll(x.shape.slice(1), pads)
    ? crop(target, border(target, x, pads, value), pads)
    : border(target, crop(target, x, pads), pads, value)

/** Pads as TensorFlow.js's kernels take them. */
export const explicitPads = (padding: Padding): 'valid' | readonly (readonly number[])[] => {
  const pads = padding.map(padOf)
  return isZero(pads) ? 'valid' : [[0, 0], ...pads, [0, 0]]
}
