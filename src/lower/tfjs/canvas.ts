import type { Tensor } from '@tensorflow/tfjs'
import { dilated, outputExtents, type Padding, type Pair, type Window } from '../../../ir/index.ts'
import type { Target } from './kernel.ts'

/**
 * The pads with which a window slides in floor mode over just what it covers: a trailing pad that no window reaches is
 * left out, one that ceil mode needs is added, and a trailing crop stays only where it takes outputs away. An axis with
 * one output is covered by its window to the pixel, so that any stride there means the same.
 */
export const coveredPads = (extents: Pair, window: Window): Padding => {
  const outputs = outputExtents(extents, window)
  const along = (axis: 0 | 1): Pair => {
    const before = window.padding[axis][0]
    const stride = outputs[axis] === 1 ? 1 : window.strides[axis]
    const reach = (outputs[axis] - 1) * stride + dilated(window.size[axis], window.dilations[axis])
    const after = reach - extents[axis] - before
    return [before, after < 0 && after > -stride ? 0 : after]
  }
  return [along(0), along(1)]
}

/** The strides to call a kernel with: TensorFlow 2.21's and OpenVINO's give wrong numbers where there is one row or column of outputs and a stride. */
export const stridesTaken = (strides: Pair, [rows, columns]: readonly number[]): Pair => [
  rows === 1 ? 1 : strides[0],
  columns === 1 ? 1 : strides[1],
]

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/** How a convolution channel by channel is spelled for TensorFlow's kernels, the plain ones of which refuse unequal strides and dilations. */
export interface PlainWindow {
  /** The stride of the kernel's call, along both axes. */
  readonly stride: number
  /** Of what that gives, how far apart the outputs are. */
  readonly apart: Pair
  /** How far apart the pixels are of which a call without dilations takes its map. */
  readonly dilations: Pair
}

/** Strides that are equal, without dilations, are called as they are; `outputs` are the result's rows and columns. */
export const plainWindow = ({ size, strides, dilations }: Window, outputs: readonly number[]): PlainWindow => {
  const taken = stridesTaken(strides, outputs)
  const between: Pair = [size[0] === 1 ? 1 : dilations[0], size[1] === 1 ? 1 : dilations[1]]
  const stride = Math.max(...between) > 1 ? 1 : commonDivisor(...taken)
  return { stride, apart: [taken[0] / stride, taken[1] / stride], dilations: between }
}

/** Whether a kernel takes it as it is. */
export const isPlain = ({ apart, dilations }: PlainWindow): boolean => Math.max(...apart, ...dilations) === 1

/** What to add after the last row and column of a canvas, so that it falls into equal shares. */
export const restOfShares = (extents: Pair, pads: Padding, dilations: Pair): [number, number][] =>
  extents.map((n, axis) => {
    const over = (n + pads[axis][0] + pads[axis][1]) % dilations[axis]
    return [0, (dilations[axis] - over) % dilations[axis]]
  })

export const cropOf = ([before, after]: Pair): Pair => [Math.max(0, -before), Math.max(0, -after)]
export const padOf = ([before, after]: Pair): Pair => [Math.max(0, before), Math.max(0, after)]

export const isZero = (pads: readonly Pair[]): boolean => pads.every(([before, after]) => before === 0 && after === 0)

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

/** Whether the negative pads leave no pixel, so that only what positive ones add is left. */
export const cropsAll = (extents: readonly number[], pads: readonly Pair[]): boolean =>
  pads.some((sides, axis) => {
    const [before, after] = cropOf(sides)
    return before + after >= extents[axis]
  })

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
