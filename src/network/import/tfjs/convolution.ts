import { type Padding, type Pair, samePads } from '../../../../ir/index.ts'
import { asMap, asVector, type Canvas, type Constant, type Example, example, isVectorLike } from './canvas.ts'
import { refuse } from './refusal.ts'

/** What a window slides by: `padding` as TensorFlow spells it, or the pads themselves. */
export interface Sliding {
  readonly strides: Pair
  readonly dilations: Pair
  readonly padding: 'same' | 'valid' | Padding
}

/** Extents that a model file may ask for along one axis of an image or a window; it is not trusted. */
export const extentAtMost = 65_535

const bounded = (numbers: readonly number[], what: string): void => {
  if (numbers.some(n => !Number.isSafeInteger(n) || n < 1 || n > extentAtMost))
    refuse('unsupported-attribute', `${what} [${numbers}]`, `whole numbers from 1 to ${extentAtMost}`)
}

/** The pads before and after, on rows and on columns. */
export const padsOf = (c: Canvas, x: number, size: Pair, { strides, dilations, padding }: Sliding): Padding => {
  bounded(size, 'a window')
  bounded(strides, 'strides')
  bounded(dilations, 'dilations')
  if (padding === 'valid')
    return [
      [0, 0],
      [0, 0],
    ]
  if (padding !== 'same') return padding
  const type = c.builder.typeOf(x)
  const [h, w] = type.kind === 'Map' ? [type.h, type.w] : [1, 1]
  return [samePads(h, size[0], strides[0], dilations[0]), samePads(w, size[1], strides[1], dilations[1])]
}

const filterShape = (filter: Constant): readonly number[] =>
  filter.value.shape.length === 4
    ? filter.value.shape
    : refuse(
        'wrong-weights',
        `${filter.name} of shape [${filter.value.shape}]`,
        'a filter [rows, columns, inputs, outputs]',
      )

/** Cross-correlation with a filter `[r, s, i, o]`: as many groups as i goes into the input's channels. */
export const convolve = (c: Canvas, name: string, x: Example, filter: Constant, sliding: Sliding): Example => {
  const input = asMap(c, x)
  const [r, s, i] = filterShape(filter)
  const padding = padsOf(c, input, [r, s], sliding)
  const groups = Math.max(1, Math.floor(x.shape[2] / i))
  return example(
    c,
    c.builder.conv2d(input, c.parameter(filter.name, filter.value), { ...sliding, padding, groups, name }),
  )
}

/** Every channel on its own, with filters `[r, s, i, m]` that make m outputs of each. */
export const convolveDepthwise = (c: Canvas, name: string, x: Example, filter: Constant, sliding: Sliding): Example => {
  const [r, s, i, m] = filterShape(filter)
  return i === x.shape[2]
    ? convolve(c, name, x, { ...filter, value: { shape: [r, s, 1, i * m], data: filter.value.data } }, sliding)
    : refuse('wrong-weights', `${filter.name} for ${i} channels`, `${x.shape[2]}, the input's`)
}

/** A transposed convolution with a filter `[r, s, o, i]`, to the extents that it is given or else the least that `padding` means. */
export const convolveTransposed = (
  c: Canvas,
  name: string,
  x: Example,
  filter: Constant,
  { strides, dilations, padding }: Sliding,
  wanted?: Pair,
): Example => {
  const [r, s, _o, i] = filter.value.shape
  if (filter.value.shape.length !== 4 || i !== x.shape[2])
    return refuse('wrong-weights', `${filter.name} [${filter.value.shape}]`, `[rows, columns, outputs, ${x.shape[2]}]`)
  if (padding !== 'same' && padding !== 'valid')
    return refuse('unsupported-attribute', 'explicit pads of a transposed convolution', 'SAME or VALID')
  const along = (axis: 0 | 1): { readonly extent: number; readonly pads: Pair } => {
    const span = ([r, s][axis] - 1) * dilations[axis] + 1
    const least =
      padding === 'same'
        ? x.shape[axis] * strides[axis]
        : (x.shape[axis] - 1) * strides[axis] + Math.max(span, strides[axis])
    const extent = wanted?.[axis] ?? least
    return {
      extent,
      pads: padding === 'same' ? samePads(extent, [r, s][axis], strides[axis], dilations[axis]) : [0, 0],
    }
  }
  const [rows, columns] = [along(0), along(1)]
  bounded([rows.extent, columns.extent], 'an image of extents')
  const attributes = {
    strides,
    dilations,
    groups: 1,
    padding: [rows.pads, columns.pads] as const,
    extents: [rows.extent, columns.extent] as const,
  }
  const weights = c.parameter(filter.name, filter.value)
  return example(c, c.builder.draft.add('Conv2dTranspose', [asMap(c, x), weights], attributes, name))
}

/** The last axis times a matrix `[i, o]`: a 1×1 convolution where the value is an image. */
export const product = (c: Canvas, name: string, x: Example, weights: Constant): Example => {
  const [i, o] = weights.value.shape
  if (weights.value.shape.length !== 2)
    return refuse('wrong-weights', `${weights.name} of shape [${weights.value.shape}]`, '[inputs, outputs]')
  if (isVectorLike(x.shape)) {
    const node = c.builder.dense(asVector(c, x), c.parameter(weights.name, weights.value), name)
    return { kind: 'example', node, shape: [...x.shape.slice(0, -1), o] }
  }
  return convolve(
    c,
    name,
    x,
    { ...weights, value: { shape: [1, 1, i, o], data: weights.value.data } },
    { strides: [1, 1], dilations: [1, 1], padding: 'valid' },
  )
}

/** The largest or the mean pixel of each window; the mean is over real pixels. */
export const pool = (
  c: Canvas,
  name: string,
  kind: 'max' | 'mean',
  x: Example,
  size: Pair,
  sliding: Sliding,
): Example => {
  const input = asMap(c, x)
  bounded(x.shape.slice(0, 2), 'an image of extents')
  const options = { ...sliding, padding: padsOf(c, input, size, sliding), name }
  return example(c, kind === 'max' ? c.builder.maxPool(input, size, options) : c.builder.meanPool(input, size, options))
}

/** One number a channel: `[h, w, c]` to `[c]`, or to `[1, 1, c]`. */
export const poolAll = (c: Canvas, name: string, kind: 'max' | 'mean', x: Example, keepsAxes: boolean): Example => {
  const node = c.builder.globalPool(asMap(c, x), kind, name)
  return { kind: 'example', node, shape: keepsAxes ? [1, 1, x.shape[2]] : [x.shape[2]] }
}
