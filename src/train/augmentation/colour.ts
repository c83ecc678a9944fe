import { type Random, shuffled } from '../../base/random.ts'
import type { AugmentationOf } from './augmentation.ts'
import type { Raster } from './raster.ts'

/** ITU-R 601's luma, as torchvision has it. */
const luma = (data: Raster['data'], at: number): number =>
  0.2989 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]

/** Every value moved from that of its pixel's ground by a factor, and kept within 0 … 255. */
const blend = ({ data, height, width }: Raster, ground: (at: number) => number, factor: number): Raster => {
  const out = new Float32Array(data.length)
  for (let at = 0; at < data.length; at += 3) {
    const rest = (1 - factor) * ground(at)
    for (let k = at; k < at + 3; k++) out[k] = Math.min(255, Math.max(0, factor * data[k] + rest))
  }
  return { data: out, height, width }
}

const meanLuma = ({ data }: Raster): number => {
  let sum = 0
  for (let at = 0; at < data.length; at += 3) sum += luma(data, at)
  return (3 * sum) / data.length
}

/** Away from black, from the image's mean grey, and from each pixel's own grey. */
export const adjustments = {
  brightness: (image: Raster, factor: number): Raster => blend(image, () => 0, factor),
  contrast: (image: Raster, factor: number): Raster => {
    const mean = meanLuma(image)
    return blend(image, () => mean, factor)
  },
  saturation: (image: Raster, factor: number): Raster => blend(image, at => luma(image.data, at), factor),
} as const

const names = ['brightness', 'contrast', 'saturation'] as const

/** What is drawn for an image's colours. */
export type Recolour = (image: Raster) => Raster

/** Each in turn, in random order, by a factor uniform in 1 ± its strength and at least 0: torchvision's ColorJitter on floats, without hue. */
export const colourJitter = (strengths: AugmentationOf<'colour-jitter'>, random: Random): Recolour => {
  const drawn = [...shuffled(names.length, random)].flatMap(k => {
    const strength = strengths[names[k]] ?? 0
    const factor = () => random.between(Math.max(0, 1 - strength), 1 + strength)
    return strength === 0 ? [] : [{ adjust: adjustments[names[k]], factor: factor() }]
  })
  return image => drawn.reduce((changed, { adjust, factor }) => adjust(changed, factor), image)
}

/** Of the covariance of ImageNet's colours, pixels from 0 to 1: as fb.resnet.torch computed them. */
const principal = {
  values: [0.2175, 0.0188, 0.0045],
  vectors: [
    [-0.5675, 0.7192, 0.4009],
    [-0.5808, -0.0045, -0.814],
    [-0.5836, -0.6948, 0.4203],
  ],
} as const

/** What of red, green and blue is added for three coefficients along the principal components, in pixels of 0 … 255. */
export const lighting = (coefficients: readonly number[]): readonly number[] =>
  principal.vectors.map(row =>
    row.reduce((sum: number, entry, k) => sum + 255 * entry * coefficients[k] * principal.values[k], 0),
  )

/**
 * One colour added to all pixels (Krizhevsky et al. 2012, section 4.1), its coefficients normal of deviation `std`. It is added before
 * normalization, in pixels, so that it means the same under any `scale`, `mean` and `std`; values may leave 0 … 255.
 */
export const pcaLighting = ({ std }: AugmentationOf<'pca-lighting'>, { normal }: Random): Recolour => {
  const added = lighting([std * normal(), std * normal(), std * normal()])
  return ({ data, height, width }) => {
    const out = new Float32Array(data.length)
    for (let at = 0; at < data.length; at += 3) for (let k = 0; k < 3; k++) out[at + k] = data[at + k] + added[k]
    return { data: out, height, width }
  }
}
