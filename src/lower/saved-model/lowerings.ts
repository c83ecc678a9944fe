import type { LoweredTag } from '../lowered-tag.ts'
import { attention, attentionGradient, windowAttention, windowAttentionGradient } from './attention.ts'
import { certainty, combine, select, softmax } from './classification.ts'
import { conv2d, dense } from './convolution.ts'
import {
  batchNormInputGradient,
  conv2dFilterGradient,
  conv2dTranspose,
  denseWeightsGradient,
  flattenGradient,
  inverseCount,
  maxPoolGradient,
  meanPoolGradient,
  reduceTo,
  resizeGradient,
  stretch,
  warp,
  warpGradient,
} from './gradients.ts'
import type { Lowering } from './lowering.ts'
import { batchNorm, binary, unary } from './pointwise.ts'
import { channelPool, globalPool, maxPool, meanPool } from './pooling.ts'
import { concat, constant, flatten, pad, reshape, resize, slice, transpose, unflatten } from './shape.ts'
import { stack, unstack } from './stacking.ts'
import { act, rotate, scale } from './transforms.ts'

/** How each op is spelled in TensorFlow's ops, all of which its processors and XLA have. */
export const lowerings: { readonly [T in LoweredTag]: Lowering<T> } = {
  Constant: constant,
  Conv2d: conv2d,
  Dense: dense,
  BatchNorm: batchNorm,
  Unary: unary,
  Binary: binary,
  MaxPool: maxPool,
  MeanPool: meanPool,
  GlobalPool: globalPool,
  ChannelPool: channelPool,
  Pad: pad,
  Concat: concat,
  Slice: slice,
  Flatten: flatten,
  Unflatten: unflatten,
  Reshape: reshape,
  Transpose: transpose,
  Resize: resize,
  Softmax: softmax,
  Attention: attention,
  WindowAttention: windowAttention,
  Act: act,
  Rotate: rotate,
  Scale: scale,
  Combine: combine,
  Certainty: certainty,
  Select: select,
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
  AttentionGradient: attentionGradient,
  WindowAttentionGradient: windowAttentionGradient,
}
