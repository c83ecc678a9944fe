import {
  type AttributesOf,
  coveredPads,
  isDilated,
  isPerExample,
  type Padding,
  type Pair,
  shapeOf,
  sizeOf,
  type Window,
} from '../../../ir/index.ts'
import { reducedAxes } from '../reduced-axes.ts'
import { centred, samplingWeights } from '../sampling.ts'
import { countsAlong } from '../window/counts.ts'
import { type GradientWindow, gradientWindow, skipsPixels } from '../window/gradients.ts'
import { cast, concat, everyNth, pad, reduce, reshape, scalarLike, slice, split, transpose } from './arrange.ts'
import { flag, format, text, wholes } from './attributes.ts'
import { crop, padded } from './canvas.ts'
import { sliding } from './convolution.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'
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
  const normalized = emit.node('Mul', [emit.node('Sub', [x, mean]), emit.node('Mul', [r, meanProduct])])
  const rest = emit.node('Sub', [emit.node('Sub', [gradient, meanGradient]), normalized])
  return emit.node('Mul', [rest, emit.node('Mul', [scale, r])])
}

/** A convolution without dilations (its filter spread) over a canvas, its input under pads. */
const slideOf = (
  attributes: AttributesOf<'Conv2dTranspose'>,
  extents: Pair,
  filter: readonly number[],
  outputs: readonly number[],
) => {
  const { same, strides, ...window } = gradientWindow(attributes, extents, filter, outputs, true)
  const settings: Attributes = { ...sliding(strides, [1, 1]), padding: text(same ? 'SAME' : 'VALID') }
  return { ...window, strides, settings, dilations: attributes.dilations }
}

const takenOff = (emit: Emitter, x: Value, [h, w]: Pair, channels: number, pads: Padding): Value =>
  padded(
    emit,
    x,
    [h, w, channels],
    pads.map(([before, after]): Pair => [0 - before, 0 - after]),
  )

/** A filter `[r, s, i, o]` with zeros between its taps. */
const spreadFilter = (emit: Emitter, filter: Value, [r, s, i, o]: readonly number[], [dy, dx]: Pair): Value => {
  if (dy === 1 && dx === 1) return filter
  const apart = pad(
    emit,
    reshape(emit, filter, [r, 1, s, 1, i * o]),
    [
      [0, 0],
      [0, dy - 1],
      [0, 0],
      [0, dx - 1],
      [0, 0],
    ],
    0,
  )
  return slice(
    emit,
    reshape(emit, apart, [r * dy, s * dx, i, o]),
    [0, 0, 0, 0],
    [(r - 1) * dy + 1, (s - 1) * dx + 1, i, o],
  )
}

/** The taps of a spread filter. */
const gathered = (emit: Emitter, spread: Value, [r, s, i, o]: readonly number[], [dy, dx]: Pair): Value => {
  if (dy === 1 && dx === 1) return spread
  const whole = pad(
    emit,
    spread,
    [
      [0, dy - 1],
      [0, dx - 1],
      [0, 0],
      [0, 0],
    ],
    0,
  )
  const apart = reshape(emit, whole, [r, dy, s, dx, i, o])
  return reshape(emit, slice(emit, apart, [0, 0, 0, 0, 0, 0], [r, 1, s, 1, i, o]), [r, s, i, o])
}

/** A map `[n, h′, w′, c]` with zeros between its pixels, the first at `tap` on a canvas `[n, h, w, c]`. */
const placeTap = (
  emit: Emitter,
  x: Value,
  [oh, ow, c]: readonly number[],
  tap: Pair,
  [down, across]: Pair,
  canvas: Pair,
): Value => {
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
  const [h, w] = [(oh - 1) * down + 1, (ow - 1) * across + 1]
  const whole = reshape(emit, apart, [-1, oh * down, ow * across, c])
  return padded(
    emit,
    slice(emit, whole, [0, 0, 0, 0], [-1, h, w, -1]),
    [h, w, c],
    [
      [tap[0], canvas[0] - h - tap[0]],
      [tap[1], canvas[1] - w - tap[1]],
    ],
  )
}

/** The gradient of all that the strides of a kernel's call give. */
const ofAllOutputs = (
  emit: Emitter,
  gradient: Value,
  shape: readonly number[],
  { apart, outputs }: Pick<GradientWindow, 'apart' | 'outputs'>,
): Value => (Math.max(...apart) === 1 ? gradient : placeTap(emit, gradient, shape, [0, 0], apart, outputs))

export const conv2dTranspose: Lowering<'Conv2dTranspose'> = (
  emit,
  [gradient, filter],
  attributes,
  { operands, result },
) => {
  const { groups, extents } = attributes
  const [r, s, depth, o] = shapeOf(operands[1])
  const [, , c] = shapeOf(result)
  const slide = slideOf(attributes, extents, shapeOf(operands[1]), shapeOf(operands[0]))
  const { pads, canvas, settings, dilations } = slide
  const depthwise = groups > 1 && groups === c
  const shape = depthwise ? [r, s, c, o / c] : [r, s, depth, o]
  const spread = spreadFilter(emit, depthwise ? reshape(emit, filter, shape) : filter, shape, dilations)
  const of = (gradient: Value, filter: Value, channels: number): Value =>
    emit.node(
      depthwise ? 'DepthwiseConv2dNativeBackpropInput' : 'Conv2DBackpropInput',
      [batched(emit, gradient, [...canvas, channels]), filter, gradient],
      { ...settings, T: format(gradient.format) },
      gradient.format,
    )
  if (groups === 1 || depthwise)
    return takenOff(emit, of(ofAllOutputs(emit, gradient, shapeOf(operands[0]), slide), spread, c), canvas, c, pads)
  const gradients = split(emit, gradient, 3, groups)
  const filters = split(emit, spread, 3, groups)
  const parts = gradients.map((part, g) => of(part, filters[g], depth))
  return takenOff(emit, concat(emit, parts, 3), canvas, c, pads)
}

export const conv2dFilterGradient: Lowering<'Conv2dFilterGradient'> = (
  emit,
  [x, gradient],
  attributes,
  { operands, result },
) => {
  const { groups } = attributes
  const [h, w, c] = shapeOf(operands[0])
  const [r, s, depth, o] = shapeOf(result)
  const [oh, ow] = shapeOf(operands[1])
  const slide = slideOf(attributes, [h, w], shapeOf(result), [oh, ow])
  const { pads, spread, strides, dilations } = slide
  const depthwise = groups > 1 && groups === c
  const whole = padded(emit, x, [h, w, c], pads)
  const apart = !depthwise && skipsPixels(spread, strides)
  const canvas = apart ? takeTap(emit, whole, [...slide.canvas, c], [0, 0], strides, [oh, ow]) : whole
  const settings = apart ? { ...slide.settings, ...sliding([1, 1], [1, 1]) } : slide.settings
  const of = (x: Value, gradient: Value, shape: readonly number[]): Value =>
    emit.node(
      depthwise ? 'DepthwiseConv2dNativeBackpropFilter' : 'Conv2DBackpropFilter',
      [x, emit.constant([4], [...spread, ...shape], 'int32'), gradient],
      settings,
    )
  if (depthwise) {
    const perChannel = of(canvas, ofAllOutputs(emit, gradient, shapeOf(operands[1]), slide), [c, o / c])
    return reshape(emit, gathered(emit, perChannel, [r, s, c, o / c], dilations), [r, s, depth, o])
  }
  if (groups === 1) return gathered(emit, of(canvas, gradient, [depth, o]), [r, s, depth, o], dilations)
  const [xs, gradients] = [split(emit, canvas, 3, groups), split(emit, gradient, 3, groups)]
  const parts = xs.map((part, g) => of(part, gradients[g], [depth, o / groups]))
  return gathered(emit, concat(emit, parts, 3), [r, s, depth, o], dilations)
}

export const denseWeightsGradient: Lowering<'DenseWeightsGradient'> = (emit, operands) =>
  emit.node('MatMul', operands, { transpose_a: flag(true), transpose_b: flag(false) })

const poolSettings = ({ size, strides }: Pick<Window, 'size' | 'strides'>): Attributes => ({
  ksize: wholes([1, ...size, 1]),
  strides: wholes([1, ...strides, 1]),
  padding: text('VALID'),
  data_format: text('NHWC'),
})

const tapsOf = ({ size, dilations }: Window): readonly Pair[] =>
  Array.from(
    { length: size[0] * size[1] },
    (_, k): Pair => [Math.floor(k / size[1]) * dilations[0], (k % size[1]) * dilations[1]],
  )

/** Pixels of a canvas `[n, h, w, c]` that one tap of a sliding window meets. */
const takeTap = (
  emit: Emitter,
  x: Value,
  canvas: readonly number[],
  tap: Pair,
  strides: Pair,
  outputs: Pair,
): Value => {
  const cuts = ([0, 1] as const).map((axis): Pair => {
    const taken = Math.min(canvas[axis] - tap[axis], outputs[axis] * strides[axis])
    return [0 - tap[axis], tap[axis] + taken - canvas[axis]]
  })
  return everyNth(emit, crop(emit, x, canvas, cuts), strides)
}

const sum = (emit: Emitter, terms: readonly Value[]): Value => terms.reduce((a, b) => emit.node('AddV2', [a, b]))

export const maxPoolGradient: Lowering<'MaxPoolGradient'> = (emit, [x, gradient], window, { operands }) => {
  const [h, w, c] = shapeOf(operands[0])
  const [oh, ow] = shapeOf(operands[1])
  const pads = coveredPads([h, w], window)
  const canvas: Pair = [h + pads[0][0] + pads[0][1], w + pads[1][0] + pads[1][1]]
  const on = padded(emit, x, [h, w, c], pads, Number.NEGATIVE_INFINITY)
  if (!isDilated(window)) {
    const settings = { ...poolSettings(window), explicit_paddings: wholes([]) }
    const given = emit.node('MaxPoolGrad', [on, emit.node('MaxPool', [on], settings), gradient], settings)
    return takenOff(emit, given, canvas, c, pads)
  }
  const taps = tapsOf(window)
  const values = taps.map(tap => takeTap(emit, on, [...canvas, c], tap, window.strides, [oh, ow]))
  const largest = values.reduce((a, b) => emit.node('Maximum', [a, b]))
  let left = gradient
  const given = taps.map((tap, k) => {
    const below = emit.node('Relu', [emit.node('Sign', [emit.node('Sub', [largest, values[k]])])])
    const rest = emit.node('Mul', [left, below])
    const taken = emit.node('Sub', [left, rest])
    left = rest
    return placeTap(emit, taken, [oh, ow, c], tap, window.strides, canvas)
  })
  return takenOff(emit, sum(emit, given), canvas, c, pads)
}

export const meanPoolGradient: Lowering<'MeanPoolGradient'> = (
  emit,
  [gradient],
  { countPadding, extents, ...window },
  { operands },
) => {
  const [oh, ow, c] = shapeOf(operands[0])
  const pads = coveredPads(extents, window)
  const canvas: Pair = [extents[0] + pads[0][0] + pads[0][1], extents[1] + pads[1][0] + pads[1][1]]
  const rows = countsAlong(0, extents[0], oh, window, countPadding)
  const columns = countsAlong(1, extents[1], ow, window, countPadding)
  const over = isDilated(window) ? 1 : window.size[0] * window.size[1]
  const factors = rows.flatMap(r => columns.map(column => over / (r * column)))
  const parts = factors.every(factor => factor === 1)
    ? gradient
    : emit.node('Mul', [gradient, emit.constant([1, oh, ow, 1], factors, gradient.format)])
  const given = isDilated(window)
    ? sum(
        emit,
        tapsOf(window).map(tap => placeTap(emit, parts, [oh, ow, c], tap, window.strides, canvas)),
      )
    : emit.node(
        'AvgPoolGrad',
        [batched(emit, gradient, [...canvas, c]), parts],
        { ...poolSettings(window), T: format(gradient.format) },
        gradient.format,
      )
  return takenOff(emit, given, canvas, c, pads)
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
