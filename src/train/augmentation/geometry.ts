import type { Random } from '../../base/random.ts'
import { cropped, type Pixels, shorterSideTo } from '../../data/image.ts'
import { resample } from '../../data/resample.ts'
import type { AugmentationOf } from './augmentation.ts'
import { blank, type Raster } from './raster.ts'

/** Left and right swapped. */
export const flipped = ({ data, height, width }: Raster): Raster => {
  const out = blank(data)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [to, from] = [(y * width + x) * 3, (y * width + width - 1 - x) * 3]
      out[to] = data[from]
      out[to + 1] = data[from + 1]
      out[to + 2] = data[from + 2]
    }
  return { data: out, height, width }
}

/** `out(y, x) = in(y + dy, x + dx)`, black from outside. */
export const shifted = ({ data, height, width }: Raster, dy: number, dx: number): Raster => {
  const out = blank(data)
  const [left, right] = [Math.max(0, -dx), Math.min(width, width - dx)]
  for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
    const from = ((y + dy) * width + dx) * 3
    if (left < right) out.set(data.subarray(from + left * 3, from + right * 3), (y * width + left) * 3)
  }
  return { data: out, height, width }
}

/** One of the crops, all as likely, of the image with so many black pixels on each side: torchvision's RandomCrop, which pads before normalization too. */
export const padAndCrop = (image: Raster, { padding }: AugmentationOf<'pad-and-crop'>, { below }: Random): Raster => {
  const offset = (): number => below(2 * padding + 1) - padding
  const dy = offset()
  return shifted(image, dy, offset())
}

type Size = readonly [height: number, width: number]

/** A crop of the network's extents, anywhere in the image with its shorter side resized (Krizhevsky et al. 2012, section 4.1). */
export const randomCrop = (
  image: Pixels,
  [rows, columns]: Size,
  { resize_to }: AugmentationOf<'random-crop'>,
  { below }: Random,
): Pixels => {
  const [height, width] = shorterSideTo(image, resize_to)
  const top = below(height - rows + 1)
  return resample(image, height, width, { top, left: below(width - columns + 1), rows, columns })
}

export interface Window {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

const tries = 10

/**
 * A window of a random share of the area and a random ratio of width to height, both within ranges, the ratio even in its logarithm; after ten
 * that do not fit, the largest at the centre that keeps the ratio in range. As torchvision's RandomResizedCrop draws it, after Szegedy et al. 2015.
 */
export const randomWindow = (
  { height, width }: Pick<Raster, 'height' | 'width'>,
  { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] }: AugmentationOf<'random-resized-crop'>,
  { below, between }: Random,
): Window => {
  for (let k = 0; k < tries; k++) {
    const area = height * width * between(scale[0], scale[1])
    const aspect = Math.exp(between(Math.log(ratio[0]), Math.log(ratio[1])))
    const [w, h] = [Math.round(Math.sqrt(area * aspect)), Math.round(Math.sqrt(area / aspect))]
    if (w < 1 || h < 1 || w > width || h > height) continue
    const top = below(height - h + 1)
    return { top, left: below(width - w + 1), height: h, width: w }
  }
  const aspect = Math.min(Math.max(width / height, ratio[0]), ratio[1])
  const [w, h] = [
    Math.max(1, Math.min(width, Math.round(height * aspect))),
    Math.max(1, Math.min(height, Math.round(width / aspect))),
  ]
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w }
}

/** A {@link randomWindow}, resized to the network's extents. */
export const randomResizedCrop = (
  image: Pixels,
  [rows, columns]: Size,
  options: AugmentationOf<'random-resized-crop'>,
  random: Random,
): Pixels => {
  const { top, left, height, width } = randomWindow(image, options, random)
  return resample(cropped(image, top, left, height, width), rows, columns)
}
