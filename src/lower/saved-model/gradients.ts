import { isPerExample, type Pair, shapeOf, sizeOf } from '../../../ir/index.ts'
import { type Slide, slideOf } from '../../../passes/sliding.ts'
import { reducedAxes } from '../reduced-axes.ts'
import { centred, samplingWeights } from '../sampling.ts'
import { isBare, spanOf } from '../window/forms.ts'
import { isDepthwise, kernelStrides } from '../window/gradients.ts'
import { cast, concat, pad, reduce, reshape, scalarLike, slice, transpose } from './arrange.ts'
import { flag, format, text, wholes } from './attributes.ts'
import { sliding } from './convolution.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'
import { poolSettings } from './pooling.ts'
import type { Attributes } from './schema.ts'

const sizeOfBatch = (emit: Emitter, x: Value): Value =>
  slice(emit, emit.node('Shape', [x], { out_type: format('int32') }, 'int32'), [0], [1])

/** The shape `[n, …]` of a value with the batch of another one. */
const batched = (emit: Emitter, like: Value, shape: readonly number[]): Value =>
  concat(emit, [sizeOfBatch(emit, like), emit.constant([shape.length], shape, 'int32')], 0)

export const reduceTo: Lowering<'ReduceTo'> = (emit, [x], { to, reduction }, { operands: [from] }) => {
  const axes = reducedAxes(from, to)
  const shape = isPerExample(to) ? [-1, ...shapeOf(to)] : shapeOf(to)
  const op = reduction === 'sum' ? 'Sum' : 'Mean'
  const over = (value: Value, keep: boolean): Value => (axes.length === 0 ? value : reduce(emit, op, value, axes, keep))
  if (reduction !== 'variance') return reshape(emit, over(x, false), shape)
  return reshape(emit, over(emit.node('SquaredDifference', [x, over(x, true)]), false), shape)
}

export const inverseCount: Lowering<'InverseCount'> = (emit, [x], { to }) => {
  const count = cast(emit, emit.node('Size', [x], { out_type: format('int32') }, 'int32'), 'float32')
  return emit.node('RealDiv', [emit.constant([], [sizeOf(shapeOf(to))], 'float32'), count])
}

export const stretch: Lowering<'Stretch'> = (emit, [x, like]) =>
  emit.node('BroadcastTo', [x, emit.node('Shape', [like], { out_type: format('int32') }, 'int32')], {
    Tidx: format('int32'),
  })

export const batchNormInputGradient: Lowering<'BatchNormInputGradient'> = (
  emit,
  [x, gradient, scale, mean, variance, meanGradient, meanProduct],
  { epsilon },
) => {
  const r = emit.node('Rsqrt', [emit.node('AddV2', [variance, scalarLike(emit, variance, epsilon)])])
  const narrow = (statistic: Value): Value => cast(emit, statistic, x.format)
  const centred = emit.node('Sub', [x, narrow(mean)])
  const normalized = emit.node('Mul', [centred, narrow(emit.node('Mul', [r, meanProduct]))])
  const rest = emit.node('Sub', [emit.node('Sub', [gradient, narrow(meanGradient)]), normalized])
  return emit.node('Mul', [rest, narrow(emit.node('Mul', [scale, r]))])
}

/** How a convolution without gaps slides. */
const slidingOf = (slide: Slide, strides: Pair): Attributes => ({
  ...sliding(strides, [1, 1]),
  padding: text(isBare(slide) ? 'VALID' : 'SAME'),
})

/** A map of these extents, zeros but for the given pixels `[n, h′, w′, c]`, the strides apart. */
const spreadOut = (
  emit: Emitter,
  x: Value,
  [oh, ow, c]: readonly number[],
  [down, across]: Pair,
  [h, w]: Pair,
): Value => {
  if (down === 1 && across === 1 && oh === h && ow === w) return x
  const apart = pad(
    emit,
    reshape(emit, x, [-1, oh, 1, ow, 1, c]),
    [
      [0, 0],
      [0, 0],
      [0, down - 1],
      [0, 0],
      [0, across - 1],
      [0, 0],
    ],
    0,
  )
  const whole = reshape(emit, apart, [-1, oh * down, ow * across, c])
  const rest: readonly Pair[] = [
    [0, Math.max(0, h - oh * down)],
    [0, Math.max(0, w - ow * across)],
  ]
  const wide = Math.max(...rest.flat()) === 0 ? whole : pad(emit, whole, [[0, 0], ...rest, [0, 0]], 0)
  return h < oh * down || w < ow * across ? slice(emit, wide, [0, 0, 0, 0], [-1, h, w, -1]) : wide
}

export const conv2dTranspose: Lowering<'Conv2dTranspose'> = (emit, [gradient, filter], attributes, { operands }) => {
  const slide = slideOf('Conv2dTranspose', attributes, operands)
  const { groups, extents } = attributes
  const [r, s, i, o] = shapeOf(operands[1])
  const [oh, ow] = shapeOf(operands[0])
  const depthwise = isDepthwise(groups, [r, s, i])
  const shape = depthwise ? [r, s, groups, o / groups] : [r, s, i, o]
  const shaped = depthwise ? reshape(emit, filter, shape) : filter
  const { strides, apart, outputs } = kernelStrides(slide, depthwise, [oh, ow])
  const given = spreadOut(emit, gradient, shapeOf(operands[0]), apart, outputs)
  return emit.node(
    depthwise ? 'DepthwiseConv2dNativeBackpropInput' : 'Conv2DBackpropInput',
    [batched(emit, gradient, [...extents, shape[2]]), shaped, given],
    { ...slidingOf(slide, strides), T: format(gradient.format) },
    gradient.format,
  )
}

export const conv2dFilterGradient: Lowering<'Conv2dFilterGradient'> = (
  emit,
  [x, gradient],
  attributes,
  { operands, result },
) => {
  const slide = slideOf('Conv2dFilterGradient', attributes, operands)
  const { groups } = attributes
  const [r, s, i, o] = shapeOf(result)
  const [oh, ow] = shapeOf(operands[1])
  const depthwise = isDepthwise(groups, [r, s, i])
  const channels = depthwise ? [groups, o / groups] : [i, o]
  const { strides, apart, outputs } = kernelStrides(slide, depthwise, [oh, ow])
  const taps = emit.node(
    depthwise ? 'DepthwiseConv2dNativeBackpropFilter' : 'Conv2DBackpropFilter',
    [
      x,
      emit.constant([4], [...spanOf(slide), ...channels], 'int32'),
      spreadOut(emit, gradient, shapeOf(operands[1]), apart, outputs),
    ],
    slidingOf(slide, strides),
  )
  return depthwise ? reshape(emit, taps, [r, s, i, o]) : taps
}

export const denseWeightsGradient: Lowering<'DenseWeightsGradient'> = (emit, operands) =>
  emit.node('MatMul', operands, { transpose_a: flag(true), transpose_b: flag(false) })

export const maxPoolGradient: Lowering<'MaxPoolGradient'> = (emit, [x, gradient], window) => {
  const settings = { ...poolSettings(window), explicit_paddings: wholes([]) }
  return emit.node('MaxPoolGrad', [x, emit.node('MaxPool', [x], settings), gradient], settings)
}

/** Of windows of one pixel, the pixels that they do not meet are zeros. */
export const meanPoolGradient: Lowering<'MeanPoolGradient'> = (
  emit,
  [gradient],
  { extents, ...window },
  { operands, result },
) => {
  if (Math.max(...window.size) === 1) return spreadOut(emit, gradient, shapeOf(operands[0]), window.strides, extents)
  return emit.node(
    'AvgPoolGrad',
    [batched(emit, gradient, shapeOf(result)), gradient],
    { ...poolSettings(window), T: format(gradient.format) },
    gradient.format,
  )
}

/** `[k, m] × [b, m, d] → [b, k, d]`. */
const product = (emit: Emitter, matrix: Value, x: Value): Value =>
  emit.node('BatchMatMulV2', [matrix, x], { adj_x: flag(false), adj_y: flag(false) })

export const resizeGradient: Lowering<'ResizeGradient'> = (
  emit,
  [gradient],
  { extents: [h, w], method, coordinates },
  { operands },
) => {
  const [oh, ow, c] = shapeOf(operands[0])
  const weights = (extent: number, outputs: number): Value =>
    emit.constant([1, extent, outputs], samplingWeights(extent, outputs, method, coordinates), gradient.format)
  const tall = product(emit, weights(h, oh), reshape(emit, gradient, [-1, oh, ow * c]))
  return reshape(emit, product(emit, weights(w, ow), reshape(emit, tall, [-1, ow, c])), [-1, h, w, c])
}

export const flattenGradient: Lowering<'FlattenGradient'> = (emit, [gradient], { shape: [h, w, c], order }) =>
  order === 'hwc'
    ? reshape(emit, gradient, [-1, h, w, c])
    : transpose(emit, reshape(emit, gradient, [-1, c, h, w]), [0, 2, 3, 1])

/** `[q, p]`: what input pixel q weighs in output pixel p of a map warped by a matrix. */
const warpWeights = (emit: Emitter, matrix: Value, h: number, w: number): Value => {
  const pixels = h * w
  const positions = centred(h, w)
  const sampled = emit.node('MatMul', [matrix, emit.constant([2, pixels], positions, matrix.format)], {
    transpose_a: flag(false),
    transpose_b: flag(false),
  })
  const one = scalarLike(emit, matrix, 1)
  const near = (k: number): Value => {
    const own = emit.constant([pixels, 1], positions.subarray(k * pixels, (k + 1) * pixels), matrix.format)
    const apart = emit.node('Abs', [emit.node('Sub', [slice(emit, sampled, [k, 0], [1, pixels]), own])])
    return emit.node('Relu', [emit.node('Sub', [one, apart])])
  }
  return emit.node('Mul', [near(0), near(1)])
}

const byWeights = (emit: Emitter, x: Value, weights: Value, [h, w, c]: readonly number[], turned: boolean): Value => {
  const rows = reshape(emit, cast(emit, weights, x.format), [1, h * w, h * w])
  const moved = emit.node('BatchMatMulV2', [rows, reshape(emit, x, [-1, h * w, c])], {
    adj_x: flag(turned),
    adj_y: flag(false),
  })
  return reshape(emit, moved, [-1, h, w, c])
}

export const warp: Lowering<'Warp'> = (emit, [x, matrix], _, { result }) => {
  const [h, w, c] = shapeOf(result)
  return byWeights(emit, x, warpWeights(emit, matrix, h, w), [h, w, c], true)
}

export const warpGradient: Lowering<'WarpGradient'> = (emit, [gradient, matrix], _, { result }) => {
  const [h, w, c] = shapeOf(result)
  return byWeights(emit, gradient, warpWeights(emit, matrix, h, w), [h, w, c], false)
}
