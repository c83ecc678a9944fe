import type { Tensor } from '@tensorflow/tfjs-core'
import type { Padding, Pair } from '../../../ir/index.ts'
import type { Target } from './kernel.ts'

/** A map `[n, h, w, c]` under pads for rows, columns and channels, which all add or all cut off. */
export const padded = ({ tf }: Target, x: Tensor, pads: readonly Pair[], value: number): Tensor => {
  if (pads.flat().every(pad => pad >= 0))
    return tf.pad(x, [[0, 0], ...pads.map(([a, b]): [number, number] => [a, b])], value)
  const sizes = pads.map(([before, after], axis) => (x.shape[axis + 1] as number) + before + after)
  return tf.slice(x, [0, ...pads.map(([before]) => 0 - before)], [x.shape[0], ...sizes])
}

/** Pads, none of which cuts off, as TensorFlow.js's kernels take them. */
export const explicitPads = (padding: Padding): 'valid' | readonly (readonly number[])[] =>
  padding.flat().every(pad => pad === 0) ? 'valid' : [[0, 0], ...padding, [0, 0]]
