import type { TagAt } from '../../../ir/index.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import { attention, windowAttention } from './attention.ts'
import { certainty, combine, select, softmax } from './classification.ts'
import { conv2d, conv2dTranspose, dense } from './convolution.ts'
import type { Lowering } from './lowering.ts'
import { batchNorm, binary, unary } from './pointwise.ts'
import { channelPool, globalPool, maxPool, meanPool } from './pooling.ts'
import { resize } from './resize.ts'
import { concat, constant, flatten, pad, reshape, slice, transpose, unflatten } from './shape.ts'
import { stack, unstack } from './stacking.ts'
import { trainingOnly } from './training.ts'
import { act, rotate, scale } from './transforms.ts'

/** How each op is said in ONNX, on maps `[n, c, h, w]`. */
export const lowerings: { readonly [T in Exclude<LoweredTag, TagAt<'training'>>]: Lowering<T> } = {
  Constant: constant,
  Conv2d: conv2d,
  Conv2dTranspose: conv2dTranspose,
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
}

/** @throws EspalierError for an op of training steps */
export const loweringOf = (tag: LoweredTag): Lowering<never> =>
  ((lowerings as { readonly [T in LoweredTag]?: unknown })[tag] ?? trainingOnly(tag)) as Lowering<never>
