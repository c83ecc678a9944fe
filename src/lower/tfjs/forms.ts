import { shapeOf } from '../../../ir/index.ts'
import type { Forms } from '../../../passes/index.ts'
import { slideOf } from '../../../passes/sliding.ts'
import {
  filterOf,
  globalPool,
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

/** What TensorFlow.js's backends have as it is. */
export const forms = (backend: string): Forms => {
  const [native, wasm] = [backend === 'tensorflow', backend === 'wasm']
  return {
    GlobalPool: globalPool,
    MaxPool: (pool, operands) => {
      const slide = slideOf('MaxPool', pool, operands)
      // tfjs-node passes no explicit pads on.
      return isPlaced(slide) && !hasGaps(slide) && (!native || isBare(slide) || isSame(slide))
    },
    MeanPool: (pool, operands) => {
      const slide = slideOf('MeanPool', pool, operands)
      if (!isPlaced(slide) || hasGaps(slide) || inSteps(slide)) return false
      return isBare(slide) || (!pool.countPadding && (!native || isSame(slide)))
    },
    Conv2d: (conv, operands) => {
      const slide = slideOf('Conv2d', conv, operands)
      if (!isPlaced(slide)) return false
      const depthwise = isDepthwise(conv.groups, shapeOf(operands[1]))
      return !native || !depthwise || isPlain(plainWindow(slide.window)) || isBare(slide)
    },
    // WebAssembly's own kernel finds no largest pixel among those that are not positive.
    MaxPoolGradient: (pool, operands) => !wasm && isWhole(slideOf('MaxPoolGradient', pool, operands)),
    MeanPoolGradient: meanPoolGradient,
    Conv2dTranspose: (conv, operands) => {
      const slide = slideOf('Conv2dTranspose', conv, operands)
      const filter = shapeOf(operands[1])
      if (!isPlaced(slide) || hasGaps(slide) || inRuns(conv.groups, filter)) return false
      return wasm ? isNarrow(slide) : takesPads(slide, isDepthwise(conv.groups, filter))
    },
    Conv2dFilterGradient: (conv, operands) => {
      const slide = slideOf('Conv2dFilterGradient', conv, operands)
      const filter = filterOf(conv, operands)
      const depthwise = isDepthwise(conv.groups, filter)
      if (!isPlaced(slide) || hasGaps(slide) || inRuns(conv.groups, filter)) return false
      if (wasm) return !depthwise || isBare(slide)
      return takesPads(slide, depthwise) && (depthwise || !skipsPixels(slide))
    },
  }
}
