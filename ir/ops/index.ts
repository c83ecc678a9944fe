import type { OpDeclaration, Stage } from '../op.ts'
import { attention, windowAttention } from './attention.ts'
import { attentionGradient, windowAttentionGradient } from './attention-gradients.ts'
import { branch, reduce, undo } from './branching.ts'
import { certainty, select } from './certainty.ts'
import { combine, softmax } from './classification.ts'
import { conv2d, dense } from './convolution.ts'
import { conv2dFilterGradient, conv2dTranspose, denseWeightsGradient } from './convolution-gradients.ts'
import { batchNormInputGradient } from './normalization-gradients.ts'
import { batchNorm, binary, unary } from './pointwise.ts'
import { channelPool, globalPool, maxPool, meanPool } from './pooling.ts'
import { maxPoolGradient, meanPoolGradient } from './pooling-gradients.ts'
import { inverseCount, reduceTo, stretch } from './reductions.ts'
import { flattenGradient, resizeGradient, warp, warpGradient } from './sampling-gradients.ts'
import { concat, flatten, pad, reshape, resize, slice, transpose, unflatten } from './shape.ts'
import { constant, input, parameter } from './sources.ts'
import { stack, unstack } from './stacking.ts'
import { act, rotate, scale, shift } from './transforms.ts'

/**
 * Every op there is, by tag: the tables elsewhere are exhaustive over it.
 * @hidden In the reference its type would spell out all of them.
 */
export const ops = {
  Input: input,
  Parameter: parameter,
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
  Shift: shift,
  Branch: branch,
  Undo: undo,
  Reduce: reduce,
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
} as const

/** The name of an op. */
export type OpTag = keyof typeof ops
/** The attributes of an op. */
export type AttributesOf<T extends OpTag> = (typeof ops)[T] extends OpDeclaration<string, infer A> ? A : never

/** The names of the ops of one stage. */
export type TagAt<S extends Stage> = { readonly [T in OpTag]: (typeof ops)[T]['stage'] extends S ? T : never }[OpTag]

/** The names of all ops. */
export const opTags = Object.keys(ops) as readonly OpTag[]

/** The declaration behind a tag that is not known statically. */
export const declarationOf = (tag: OpTag): OpDeclaration<string, never> =>
  ops[tag] as unknown as OpDeclaration<string, never>
