import { shapeOf } from '../../../ir/index.ts'
import type { Forms } from '../../../passes/index.ts'
import { slideOf } from '../../../passes/sliding.ts'
import {
  filterOf,
  hasGaps,
  inRuns,
  inSteps,
  isBare,
  isNarrow,
  isPlaced,
  isSame,
  isWhole,
  meanPoolGradient,
} from '../window/forms.ts'
import { isDepthwise, skipsPixels, takesPads } from '../window/gradients.ts'
import { isPlain, plainWindow } from '../window/plain.ts'
import type { Emitter } from './emitter.ts'

/** What TensorFlow's ops give as they are, run by its kernels or by XLA. */
export const forms = (runner: Emitter['runner']): Forms => ({
  // Its steps are taken in float32, as it is.
  GlobalPool: () => true,
  MaxPool: (pool, operands) => {
    const slide = slideOf('MaxPool', pool, operands)
    return isPlaced(slide) && !hasGaps(slide) && (isBare(slide) || isSame(slide))
  },
  MeanPool: (pool, operands) => {
    const slide = slideOf('MeanPool', pool, operands)
    if (!isPlaced(slide) || hasGaps(slide) || inSteps(slide)) return false
    return isBare(slide) || (!pool.countPadding && isSame(slide))
  },
  Conv2d: (conv, operands) => {
    const slide = slideOf('Conv2d', conv, operands)
    if (!isPlaced(slide)) return false
    // The process dies of a window that lies in explicit pads alone.
    if (!isDepthwise(conv.groups, shapeOf(operands[1]))) return isNarrow(slide)
    // TensorFlow 2.21's remapper forgets explicit pads when it fuses a bias, and the process dies of that.
    return isBare(slide) || (isSame(slide) && (runner === 'xla' || isPlain(plainWindow(slide.window))))
  },
  MaxPoolGradient: (pool, operands) => isWhole(slideOf('MaxPoolGradient', pool, operands)),
  MeanPoolGradient: meanPoolGradient,
  Conv2dTranspose: (conv, operands) => {
    const slide = slideOf('Conv2dTranspose', conv, operands)
    const filter = shapeOf(operands[1])
    return (
      isPlaced(slide) &&
      !hasGaps(slide) &&
      !inRuns(conv.groups, filter) &&
      takesPads(slide, isDepthwise(conv.groups, filter))
    )
  },
  Conv2dFilterGradient: (conv, operands) => {
    const slide = slideOf('Conv2dFilterGradient', conv, operands)
    const filter = filterOf(conv, operands)
    const depthwise = isDepthwise(conv.groups, filter)
    if (!isPlaced(slide) || hasGaps(slide) || inRuns(conv.groups, filter)) return false
    return takesPads(slide, depthwise) && (depthwise || !skipsPixels(slide))
  },
})
