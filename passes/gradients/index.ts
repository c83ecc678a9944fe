import type { OpTag } from '../../ir/index.ts'
import { combine, softmax, stack, unstack } from './classification.ts'
import { batchNorm, batchNormInputGradient, binary, unary } from './pointwise.ts'
import { globalPool, maxPool, maxPoolGradient, meanPool, meanPoolGradient } from './pooling.ts'
import { conv2d, conv2dFilterGradient, conv2dTranspose, dense, denseWeightsGradient } from './products.ts'
import { inverseCount, reduceTo, stretch } from './reductions.ts'
import {
  act,
  concat,
  flatten,
  flattenGradient,
  pad,
  reshape,
  resize,
  resizeGradient,
  rotate,
  scale,
  shift,
  slice,
  transpose,
  unflatten,
  warp,
  warpGradient,
} from './shape.ts'
import type { GradientRule } from './tools.ts'

/** For each op of flat and stacked graphs that is computed what it passes on of the gradient of a loss (its vector-Jacobian product), in ops. */
export const gradients: {
  readonly [T in Exclude<OpTag, 'Input' | 'Parameter' | 'Constant' | 'Branch' | 'Reduce'>]: GradientRule<T>
} = {
  Conv2d: conv2d,
  Dense: dense,
  BatchNorm: batchNorm,
  Unary: unary,
  Binary: binary,
  MaxPool: maxPool,
  MeanPool: meanPool,
  GlobalPool: globalPool,
  Pad: pad,
  Concat: concat,
  Slice: slice,
  Flatten: flatten,
  Unflatten: unflatten,
  Reshape: reshape,
  Transpose: transpose,
  Resize: resize,
  Softmax: softmax,
  Act: act,
  Rotate: rotate,
  Scale: scale,
  Shift: shift,
  Combine: combine,
  Stack: stack,
  Unstack: unstack,
  ReduceTo: reduceTo,
  InverseCount: inverseCount,
  Stretch: stretch,
  Conv2dTranspose: conv2dTranspose,
  Conv2dFilterGradient: conv2dFilterGradient,
  DenseWeightsGradient: denseWeightsGradient,
  BatchNormInputGradient: batchNormInputGradient,
  MaxPoolGradient: maxPoolGradient,
  MeanPoolGradient: meanPoolGradient,
  ResizeGradient: resizeGradient,
  FlattenGradient: flattenGradient,
  Warp: warp,
  WarpGradient: warpGradient,
}
