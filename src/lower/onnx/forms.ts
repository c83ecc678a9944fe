import { outputExtents } from '../../../ir/index.ts'
import type { Forms } from '../../../passes/index.ts'
import { countsAll, type Slide, slideOf, stridesCount } from '../../../passes/sliding.ts'
import { globalPool, hasGaps, inSteps, isPlaced, spanOf } from '../window/forms.ts'

/** Whether a pool may carry its pads itself: runtimes refuse pads as wide as the window. */
const carries = ({ window: { padding, size } }: Slide): boolean =>
  padding.every((sides, axis) => sides.every(pad => pad >= 0 && pad < size[axis]))

/** Whether rounding up gives as many outputs with the rule that drops windows which begin in the trailing pad as without, so that all runtimes agree. */
const roundsAlike = (slide: Slide): boolean => {
  const { extents, window } = slide
  const span = spanOf(slide)
  return outputExtents(extents, window).every((count, axis) => {
    const room = extents[axis] + window.padding[axis][0] + window.padding[axis][1] - span[axis]
    return count === Math.ceil(room / window.strides[axis]) + 1
  })
}

const agreed = (slide: Slide): boolean => carries(slide) && (!slide.window.ceil || roundsAlike(slide))
const refused = (): boolean => true

/** What ONNX has as it is, and its runtimes agree on. */
export const forms: Forms = {
  Pad: () => true,
  GlobalPool: globalPool,
  MaxPool: (pool, operands) => agreed(slideOf('MaxPool', pool, operands)),
  MeanPool: (pool, operands) => {
    const slide = slideOf('MeanPool', pool, operands)
    // Before opset 19 mean pools have no dilations; of windows that reach past the padded image runtimes count different things.
    if (!agreed(slide) || hasGaps(slide) || inSteps(slide)) return false
    return !pool.countPadding || countsAll(slide, true)
  },
  Conv2d: (conv, operands) => {
    const slide = slideOf('Conv2d', conv, operands)
    const pads = slide.window.padding.flat()
    // OpenVINO 2026.4 gives wrong numbers where there is one row or column of outputs and a stride, and moves the strides of a convolution of one pixel into those before, past the pads.
    const moves = slide.window.size.every(n => n === 1) && Math.max(...conv.strides) > 1 && Math.max(...pads) > 0
    return pads.every(pad => pad >= 0) && stridesCount(slide) && !moves
  },
  // Runtimes differ in what they make of pads that reach past the windows.
  Conv2dTranspose: (conv, operands) => isPlaced(slideOf('Conv2dTranspose', conv, operands)),
  Conv2dFilterGradient: refused,
  MaxPoolGradient: refused,
  MeanPoolGradient: refused,
}
