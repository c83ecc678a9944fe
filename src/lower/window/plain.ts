import type { Pair, Window } from '../../../ir/index.ts'
import type { Slide } from '../../../passes/sliding.ts'
import { commonDivisor } from '../../base/common-divisor.ts'

/** How a convolution channel by channel is spelled for TensorFlow's kernels, the plain ones of which refuse unequal strides and dilations. */
export interface PlainWindow {
  /** The stride of the kernel's call, along both axes. */
  readonly stride: number
  /** Of what that gives, how far apart the outputs are. */
  readonly apart: Pair
  /** How far apart the pixels are of which a call without dilations takes its map. */
  readonly dilations: Pair
}

/** Strides that are equal, without dilations, are called as they are. */
export const plainWindow = ({ size, strides, dilations }: Window): PlainWindow => {
  const between: Pair = [size[0] === 1 ? 1 : dilations[0], size[1] === 1 ? 1 : dilations[1]]
  const stride = Math.max(...between) > 1 ? 1 : commonDivisor(...strides)
  return { stride, apart: [strides[0] / stride, strides[1] / stride], dilations: between }
}

/** Whether a kernel takes it as it is. */
export const isPlain = ({ apart, dilations }: PlainWindow): boolean => Math.max(...apart, ...dilations) === 1

/** What to add after the last row and column of a map, so that it falls into equal shares. */
export const restOfShares = ({ extents }: Slide, dilations: Pair): [number, number][] =>
  extents.map((n, axis) => [0, (dilations[axis] - (n % dilations[axis])) % dilations[axis]])
