import type { Padding, Pair, Window } from '../../../ir/index.ts'

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
