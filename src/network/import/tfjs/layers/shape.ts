import * as t from 'io-ts'
import { type Pair, sizeOf } from '../../../../../ir/index.ts'
import { padded, transposed } from '../arrangement.ts'
import { asMap, type Example, example, reshaped } from '../canvas.ts'
import { extentAtMost } from '../convolution.ts'
import { refuse } from '../refusal.ts'
import { channelsLast, type Layer, type LayerRule, only, perAxis, setting } from './layer.ts'

const Border = t.union(
  [t.number, t.array(t.union([t.number, t.tuple([t.number, t.number])]))],
  'a number, two numbers or two pairs',
)

/** Rows and columns at the four sides: `1`, `[1, 2]` (rows, columns) or `[[top, bottom], [left, right]]`. */
const borderOf = (layer: Layer, key: string, fallback: number): readonly [Pair, Pair] => {
  channelsLast(layer)
  const value = setting<t.TypeOf<typeof Border>>(layer, key, Border, fallback)
  const both = (side: number | readonly [number, number]): Pair => (typeof side === 'number' ? [side, side] : side)
  const border: readonly Pair[] = typeof value === 'number' ? [both(value), both(value)] : value.map(both)
  return border.length === 2 && border.flat().every(n => Number.isSafeInteger(n) && n >= 0 && n <= extentAtMost)
    ? [border[0], border[1]]
    : refuse('unsupported-attribute', `${key} ${JSON.stringify(value)}`, 'whole numbers for the four sides')
}

const upsampled: LayerRule = layer => {
  channelsLast(layer)
  const { canvas: c, name } = layer
  const x = only(layer)
  const factors = perAxis(layer, 'size', [2, 2])
  const method = setting(layer, 'interpolation', t.string, 'nearest')
  const size: Pair = [x.shape[0] * factors[0], x.shape[1] * factors[1]]
  if (size.some(n => !Number.isSafeInteger(n) || n < 1 || n > extentAtMost))
    return refuse('unsupported-attribute', `size [${factors}]`, 'whole numbers of times')
  if (method !== 'nearest' && method !== 'bilinear')
    return refuse('unsupported-attribute', `interpolation ${method}`, 'nearest or bilinear')
  // TensorFlow.js does not centre the pixels here, unlike Keras.
  const options = { method: method === 'nearest' ? 'nearest' : 'linear', coordinates: 'asymmetric', name } as const
  return example(c, c.builder.resize(asMap(c, x), size, options))
}

export const shapeLayers: { readonly [className: string]: LayerRule } = {
  ZeroPadding2D: layer => padded(layer.canvas, layer.name, only(layer), borderOf(layer, 'padding', 1)),
  Cropping2D: layer => {
    const [[top, bottom], [left, right]] = borderOf(layer, 'cropping', 0)
    return padded(layer.canvas, layer.name, only(layer), [
      [-top, -bottom],
      [-left, -right],
    ])
  },
  UpSampling2D: upsampled,
  Flatten: layer => {
    channelsLast(layer)
    return reshaped(only(layer), [-1, sizeOf(only(layer).shape)])
  },
  Reshape: layer => reshaped(only(layer), [Number.NaN, ...setting(layer, 'target_shape', t.array(t.number), [])]),
  Permute: layer =>
    transposed(layer.canvas, layer.name, only(layer), [0, ...setting(layer, 'dims', t.array(t.number), [])]) as Example,
}
