import { type AttributesOf, convolutionWindow, dilated, type Padding, type Pair } from '../../../ir/index.ts'
import { coveredPads, stridesTaken } from './canvas.ts'
import { isSame } from './pooling.ts'

/** How a convolution slides, without dilations (its filter spread), over a canvas: its input under pads, some of them perhaps negative. */
export interface GradientWindow {
  /** Whether the canvas is the input itself, and the kernel pads it as `SAME` does; else it takes the canvas as it is. */
  readonly same: boolean
  readonly pads: Padding
  readonly canvas: Pair
  readonly strides: Pair
  /** Rows and columns of the filter with its taps spread. */
  readonly spread: Pair
}

const noPads: Padding = [
  [0, 0],
  [0, 0],
]

/** The window of a convolution's gradients for TensorFlow's kernels; `mayPad`: whether they may be called with `SAME`. */
export const gradientWindow = (
  attributes: AttributesOf<'ConvolutionInputGradient'>,
  [h, w]: Pair,
  filter: readonly number[],
  outputs: readonly number[],
  mayPad: boolean,
): GradientWindow => {
  const covered = coveredPads([h, w], convolutionWindow(filter, attributes))
  const spread: Pair = [dilated(filter[0], attributes.dilations[0]), dilated(filter[1], attributes.dilations[1])]
  const strides = stridesTaken(attributes.strides, outputs)
  const window = { size: spread, strides, dilations: [1, 1], padding: covered, ceil: false } as const
  // oneDNN has no kernels for windows that reach out on both sides.
  const fits = spread[0] <= h && spread[1] <= w
  const same = mayPad && fits && isSame([h, w], window, covered)
  const pads = same ? noPads : covered
  return {
    same,
    pads,
    canvas: [h + pads[0][0] + pads[0][1], w + pads[1][0] + pads[1][1]],
    strides,
    spread,
  }
}

/**
 * Whether a filter of one pixel has strides: its gradient is then taken of the pixels it meets, without strides. TensorFlow
 * 2.21's oneDNN kernel for it writes beyond its own scratch memory where outputs times strides are the input's extents on
 * both axes, and the process dies of that, often only later.
 */
export const skipsPixels = (spread: Pair, strides: Pair): boolean =>
  Math.max(...spread) === 1 && Math.max(...strides) > 1
