import { convolutionOps } from './convolution.ts'
import { imageOps } from './image.ts'
import type { GraphRule } from './node.ts'
import { pointwiseOps } from './pointwise.ts'
import { shapeOps } from './shape.ts'
import { sliceOps } from './slice.ts'

/** Every TensorFlow op that can be imported, besides inputs and constants. */
export const graphRules: ReadonlyMap<string, GraphRule> = new Map(
  Object.entries({ ...convolutionOps, ...imageOps, ...pointwiseOps, ...shapeOps, ...sliceOps }),
)
