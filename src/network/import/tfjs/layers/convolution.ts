import * as t from 'io-ts'
import { binary } from '../arithmetic.ts'
import type { Constant, Example } from '../canvas.ts'
import { convolve, convolveDepthwise, convolveTransposed, product, type Sliding } from '../convolution.ts'
import { refuse } from '../refusal.ts'
import { activated } from './activation.ts'
import { channelsLast, type Layer, type LayerRule, only, perAxis, setting } from './layer.ts'

const paddingOf = (layer: Layer): 'same' | 'valid' => {
  const padding = setting(layer, 'padding', t.string, 'valid')
  return padding === 'same' || padding === 'valid'
    ? padding
    : refuse('unsupported-attribute', `padding ${padding}`, 'same or valid')
}

const slidingOf = (layer: Layer): Sliding => {
  channelsLast(layer)
  return {
    strides: perAxis(layer, 'strides', [1, 1]),
    dilations: perAxis(layer, 'dilation_rate', [1, 1]),
    padding: paddingOf(layer),
  }
}

/** How a pooling layer slides: by its own size where it has no strides. */
export const poolingOf = (layer: Layer): Sliding & { readonly size: readonly [number, number] } => {
  channelsLast(layer)
  const size = perAxis(layer, 'pool_size', [2, 2])
  return { size, strides: perAxis(layer, 'strides', size), dilations: [1, 1], padding: paddingOf(layer) }
}

/** The filter, checked to be for this many groups: TensorFlow tells them from the filter's own shape. */
const filterOf = (layer: Layer, x: Example): Constant => {
  const filter = layer.weight('kernel')
  const groups = setting(layer, 'groups', t.number, 1)
  return filter.value.shape[2] * groups === x.shape[2]
    ? filter
    : refuse(
        'wrong-weights',
        `a kernel [${filter.value.shape}] in ${groups} groups`,
        `one for ${x.shape[2]} input channels`,
      )
}

const biasedAndActivated = (layer: Layer, x: Example): Example => {
  const biased = setting(layer, 'use_bias', t.boolean, true)
    ? (binary(layer.canvas, layer.name, 'add', x, layer.weight('bias')) as Example)
    : x
  return activated(layer, biased)
}

export const convolutionLayers: { readonly [className: string]: LayerRule } = {
  Conv2D: layer => {
    const x = only(layer)
    return biasedAndActivated(layer, convolve(layer.canvas, layer.name, x, filterOf(layer, x), slidingOf(layer)))
  },
  Conv2DTranspose: layer => {
    if (setting<unknown>(layer, 'output_padding', t.unknown, null) !== null)
      return refuse('unsupported-attribute', 'output_padding', 'none')
    const x = only(layer)
    const y = convolveTransposed(layer.canvas, layer.name, x, layer.weight('kernel'), slidingOf(layer))
    return biasedAndActivated(layer, y)
  },
  DepthwiseConv2D: layer =>
    biasedAndActivated(
      layer,
      convolveDepthwise(layer.canvas, layer.name, only(layer), layer.weight('depthwise_kernel'), slidingOf(layer)),
    ),
  SeparableConv2D: layer => {
    const { canvas: c, name } = layer
    const middle = convolveDepthwise(c, name, only(layer), layer.weight('depthwise_kernel'), slidingOf(layer))
    const once: Sliding = { strides: [1, 1], dilations: [1, 1], padding: 'valid' }
    return biasedAndActivated(layer, convolve(c, name, middle, layer.weight('pointwise_kernel'), once))
  },
  Dense: layer => biasedAndActivated(layer, product(layer.canvas, layer.name, only(layer), layer.weight('kernel'))),
}
