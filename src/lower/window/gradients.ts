import type { Pair } from '../../../ir/index.ts'
import type { Slide } from '../../../passes/sliding.ts'
import { isBare, isSame, spanOf } from './forms.ts'
import { plainWindow } from './plain.ts'

/** The strides by which TensorFlow's kernels give all outputs of a convolution channel by channel, and how far apart those are that have a gradient. */
export interface KernelStrides {
  readonly strides: Pair
  readonly apart: Pair
  /** Rows and columns of all that is given. */
  readonly outputs: Pair
}

export const isDepthwise = (groups: number, filter: readonly number[]): boolean => groups > 1 && filter[2] === 1

/** Plain depthwise kernels refuse unequal strides. */
export const kernelStrides = (slide: Slide, depthwise: boolean, outputs: Pair): KernelStrides => {
  const { stride, apart } = plainWindow({ ...slide.window, dilations: [1, 1] })
  if (!depthwise || Math.max(...apart) === 1) return { strides: slide.window.strides, apart: [1, 1], outputs }
  const span = spanOf(slide)
  const given = (axis: 0 | 1): number => Math.floor((slide.extents[axis] - span[axis]) / stride) + 1
  return { strides: [stride, stride], apart, outputs: [given(0), given(1)] }
}

/** Whether TensorFlow's kernels of a gradient take the window without taking pads off by another op. */
export const takesPads = (slide: Slide, depthwise: boolean): boolean => {
  if (isBare(slide)) return true
  const span = spanOf(slide)
  // oneDNN has no kernels for windows that reach out on both sides.
  const fits = span.every((n, axis) => n <= slide.extents[axis])
  const even = !depthwise || Math.max(...plainWindow({ ...slide.window, dilations: [1, 1] }).apart) === 1
  return fits && even && isSame(slide)
}

/**
 * Whether a filter of one pixel has strides. TensorFlow 2.21's oneDNN kernel for its gradient writes beyond its own scratch memory where outputs times strides are
 * the input's extents on both axes, and the process dies of that, often only later.
 */
export const skipsPixels = ({ window: { size, strides } }: Slide): boolean =>
  Math.max(...size) === 1 && Math.max(...strides) > 1
