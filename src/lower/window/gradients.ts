import {
  type AttributesOf,
  convolutionWindow,
  coveredPads,
  dilated,
  type Padding,
  type Pair,
} from '../../../ir/index.ts'
import { isSame } from './counts.ts'
import { plainWindow, stridesTaken } from './plain.ts'

/** How a convolution slides, without dilations (its filter spread), over a canvas: its input under pads, some of them perhaps negative. */
export interface GradientWindow {
  /** Whether the canvas is the input itself, and the kernel pads it as `SAME` does; else it takes the canvas as it is. */
  readonly same: boolean
  readonly pads: Padding
  readonly canvas: Pair
  readonly strides: Pair
  /** Rows and columns of the filter with its taps spread. */
  readonly spread: Pair
  /** How far apart the output's pixels are among those that these strides give; the rest have no gradient. */
  readonly apart: Pair
  /** Rows and columns that these strides give. */
  readonly outputs: Pair
}

const noPads: Padding = [
  [0, 0],
  [0, 0],
]

/** The window of a convolution's gradients for TensorFlow's kernels; `kernels`: whether they are called, perhaps with `SAME`, but no depthwise one with unequal strides. */
export const gradientWindow = (
  attributes: AttributesOf<'Conv2dTranspose'>,
  [h, w]: Pair,
  filter: readonly number[],
  outputs: readonly number[],
  kernels: boolean,
): GradientWindow => {
  const window = convolutionWindow(filter, attributes)
  const covered = coveredPads([h, w], window)
  const spread: Pair = [dilated(filter[0], attributes.dilations[0]), dilated(filter[1], attributes.dilations[1])]
  const taken = stridesTaken(attributes.strides, outputs)
  const depthwise = attributes.groups > 1 && filter[2] === 1
  const { stride, apart } = plainWindow({ ...window, dilations: [1, 1] }, outputs)
  const uneven = kernels && depthwise && Math.max(...apart) > 1
  // oneDNN has no kernels for windows that reach out on both sides.
  const fits = spread[0] <= h && spread[1] <= w
  const sliding = { size: spread, strides: taken, dilations: [1, 1], padding: covered, ceil: false } as const
  const same = kernels && !uneven && fits && isSame([h, w], sliding, covered)
  const pads = same ? noPads : covered
  const canvas: Pair = [h + pads[0][0] + pads[0][1], w + pads[1][0] + pads[1][1]]
  const given = (axis: 0 | 1): number => Math.floor((canvas[axis] - spread[axis]) / stride) + 1
  return {
    same,
    pads,
    canvas,
    spread,
    strides: uneven ? [stride, stride] : taken,
    apart: uneven ? apart : [1, 1],
    outputs: uneven ? [given(0), given(1)] : [outputs[0], outputs[1]],
  }
}

/**
 * Whether a filter of one pixel has strides: its gradient is then taken of the pixels it meets, without strides. TensorFlow
 * 2.21's oneDNN kernel for it writes beyond its own scratch memory where outputs times strides are the input's extents on
 * both axes, and the process dies of that, often only later.
 */
export const skipsPixels = (spread: Pair, strides: Pair): boolean =>
  Math.max(...spread) === 1 && Math.max(...strides) > 1
