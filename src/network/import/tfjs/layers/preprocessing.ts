import * as t from 'io-ts'
import type { Pair } from '../../../../../ir/index.ts'
import { padded } from '../arrangement.ts'
import { asMap, type Example, example } from '../canvas.ts'
import { extentAtMost } from '../convolution.ts'
import { refuse } from '../refusal.ts'
import { channelsLast, type Layer, type LayerRule, only, setting } from './layer.ts'

/** Keras's layers that change what they read in training alone. */
const trainingOnly = [
  'ActivityRegularization',
  'AlphaDropout',
  'AugMix',
  'CutMix',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'MixUp',
  'RandAugment',
  'RandomBrightness',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomContrast',
  'RandomElasticTransform',
  'RandomErasing',
  'RandomFlip',
  'RandomGaussianBlur',
  'RandomGrayscale',
  'RandomHeight',
  'RandomHue',
  'RandomInvert',
  'RandomPerspective',
  'RandomPosterization',
  'RandomRotation',
  'RandomSaturation',
  'RandomSharpness',
  'RandomShear',
  'RandomTranslation',
  'RandomWidth',
  'RandomZoom',
  'Solarization',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
] as const

const outside = 'take the layer out of the model and resize images before it, as --preprocess does'

/** An image, and the height and width that a layer makes of it. */
interface Sizing {
  readonly x: Example
  readonly from: Pair
  readonly to: Pair
}

const sizingOf = (layer: Layer): Sizing => {
  channelsLast(layer)
  const x = only(layer)
  if (x.shape.length !== 3) return refuse('unsupported-shape', `[batch, ${x.shape}]`, 'an image [batch, h, w, c]')
  const to: Pair = [setting(layer, 'height', t.number, 0), setting(layer, 'width', t.number, 0)]
  return to.every(n => Number.isSafeInteger(n) && n >= 1 && n <= extentAtMost)
    ? { x, from: [x.shape[0], x.shape[1]], to }
    : refuse('unsupported-attribute', `height ${to[0]}, width ${to[1]}`, `whole numbers from 1 to ${extentAtMost}`)
}

const isSame = ({ from, to }: Sizing): boolean => from[0] === to[0] && from[1] === to[1]

const keepsAspect = ({ from, to }: Sizing): boolean => from[0] * to[1] === from[1] * to[0]

const sized = ({ from, to }: Sizing): string => `${from[0]}×${from[1]} pixels made ${to[0]}×${to[1]}`

/** The largest part of an image, in its middle, that has the aspect ratio of what it is resized to. */
const middle = (layer: Layer, { x, from: [h, w], to: [height, width] }: Sizing): Example => {
  const part: Pair = [Math.min(h, Math.floor((w * height) / width)), Math.min(w, Math.floor((h * width) / height))]
  const [top, left] = [Math.floor((h - part[0]) / 2), Math.floor((w - part[1]) / 2)]
  return part[0] > 0 && part[1] > 0
    ? padded(layer.canvas, layer.name, x, [
        [-top, top + part[0] - h],
        [-left, left + part[1] - w],
      ])
    : refuse('unsupported-attribute', `crop_to_aspect_ratio to ${height}×${width}`, 'a pixel or more left', outside)
}

/** As Keras resizes, pixels by their centres; the layer of TensorFlow.js 4 fails in every model. */
const resizing: LayerRule = layer => {
  const sizing = sizingOf(layer)
  if (isSame(sizing)) return sizing.x
  const { canvas: c, name } = layer
  const method = setting(layer, 'interpolation', t.string, 'bilinear')
  const strange = ['antialias', 'pad_to_aspect_ratio'].find(key => setting(layer, key, t.boolean, false))
  if (strange !== undefined)
    return refuse('unsupported-attribute', `${strange}, ${sized(sizing)}`, 'plain interpolation', outside)
  if (method !== 'nearest' && method !== 'bilinear')
    return refuse('unsupported-attribute', `interpolation ${method}`, 'nearest or bilinear', outside)
  const x = setting(layer, 'crop_to_aspect_ratio', t.boolean, false) ? middle(layer, sizing) : sizing.x
  const options = { method: method === 'nearest' ? 'nearest' : 'linear', coordinates: 'half-pixel', name } as const
  return example(c, c.builder.resize(asMap(c, x), sizing.to, options))
}

const centerCrop: LayerRule = layer => {
  const sizing = sizingOf(layer)
  const { x, from, to } = sizing
  const spare: Pair = [from[0] - to[0], from[1] - to[1]]
  if (isSame(sizing)) return x
  // Where one column is too many, Keras takes away the last and TensorFlow.js the first.
  if (spare[0] < 0 || spare[1] < 0 || spare[1] === 1)
    return refuse('unsupported-attribute', sized(sizing), 'a crop that Keras and TensorFlow.js make alike', outside)
  const [top, left] = spare.map(n => Math.floor(n / 2))
  return padded(layer.canvas, layer.name, x, [
    [-top, top - spare[0]],
    [-left, left - spare[1]],
  ])
}

/** At inference Keras resizes the largest part of the same aspect ratio, which is the image where the ratios agree. */
const randomCrop: LayerRule = layer => {
  const sizing = sizingOf(layer)
  const { canvas: c, name } = layer
  if (isSame(sizing)) return sizing.x
  return keepsAspect(sizing)
    ? example(c, c.builder.resize(asMap(c, sizing.x), sizing.to, { method: 'linear', coordinates: 'half-pixel', name }))
    : refuse('unsupported-attribute', sized(sizing), 'another size of the same aspect ratio', outside)
}

export const preprocessingLayers: { readonly [className: string]: LayerRule } = {
  ...Object.fromEntries(trainingOnly.map(className => [className, only])),
  Identity: only,
  Resizing: resizing,
  CenterCrop: centerCrop,
  RandomCrop: randomCrop,
}
