import type { Random } from '../../base/random.ts'
import { cropped, type Fitted, fittedExtents, type Pixels, shorterSideTo } from '../../data/image.ts'
import { cutMask, type Mask } from '../../data/mask.ts'
import type { Preprocess } from '../../data/preprocess.ts'
import { resample } from '../../data/resample.ts'
import type { AugmentationOf } from './augmentation.ts'
import { blank, type Raster } from './raster.ts'

/** Left and right swapped. */
export const flipped = ({ data, height, width }: Raster): Raster => {
  const out = blank(data)
  const channels = data.length / (height * width)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [to, from] = [(y * width + x) * channels, (y * width + width - 1 - x) * channels]
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]
    }
  return { data: out, height, width }
}

/** `out(y, x) = in(y + dy, x + dx)`, the ground, black, from outside. */
export const shifted = ({ data, height, width }: Raster, dy: number, dx: number, ground = 0): Raster => {
  const out = blank(data).fill(ground)
  const channels = data.length / (height * width)
  const [left, right] = [Math.max(0, -dx), Math.min(width, width - dx)]
  for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
    const from = ((y + dy) * width + dx) * channels
    if (left < right)
      out.set(data.subarray(from + left * channels, from + right * channels), (y * width + left) * channels)
  }
  return { data: out, height, width }
}

/** Where an image, or what is so many times as large as it, is moved to. */
export type Move = (image: Raster, times?: number, ground?: number) => Raster

/** One of the crops, all as likely, of the image with so many black pixels on each side: torchvision's RandomCrop, which pads before normalization too. */
export const padAndCrop = ({ padding }: AugmentationOf<'pad-and-crop'>, { below }: Random): Move => {
  const offset = (): number => below(2 * padding + 1) - padding
  const dy = offset()
  const dx = offset()
  return (image, times = 1, ground = 0) => shifted(image, times * dy, times * dx, ground)
}

type Size = readonly [height: number, width: number]
type Extents = Pick<Raster, 'height' | 'width'>

export interface Window {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** What is looked at: a window of an image, all of it where there is none, and what is wanted of that. */
export interface Place extends Fitted {
  readonly window?: Window
}

/** The place in an image of these extents, so many times as large as the one that it was drawn for. */
export type Placing = (extents: Extents, times: number) => Place

/** Where the preprocessing looks. @throws EspalierError where what is not resized is smaller than what is wanted */
export const centred =
  (preprocess: Preprocess): Placing =>
  (extents, times) =>
    fittedExtents(extents, preprocess, times)

/** Extents that are enlarged, in proportion, where less is there than is wanted. */
const atLeast = ({ height, width }: Extents, [rows, columns]: Size): Size => {
  const factor = Math.max(1, rows / height, columns / width)
  return [Math.max(rows, Math.floor(height * factor)), Math.max(columns, Math.floor(width * factor))]
}

/** A crop of the network's extents, anywhere in the image: with its shorter side resized (Krizhevsky et al. 2012, section 4.1), or as it is. */
export const randomCrop = (
  image: Extents,
  size: Size,
  { resize_to }: AugmentationOf<'random-crop'>,
  { below }: Random,
): Placing => {
  const [height, width] = resize_to === undefined ? atLeast(image, size) : shorterSideTo(image, resize_to)
  const [rows, columns] = size
  const top = below(height - rows + 1)
  const left = below(width - columns + 1)
  const asItIs = height === image.height && width === image.width
  return (extents, times) => ({
    ...(asItIs ? { height: extents.height, width: extents.width } : { height: times * height, width: times * width }),
    ...{ top: times * top, left: times * left, rows: times * rows, columns: times * columns },
  })
}

const tries = 10

/**
 * A window of a random share of the area and a random ratio of width to height, both within ranges, the ratio even in its logarithm; after ten
 * that do not fit, the largest at the centre that keeps the ratio in range. As torchvision's RandomResizedCrop draws it, after Szegedy et al. 2015.
 */
export const randomWindow = (
  { height, width }: Extents,
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
  image: Extents,
  [rows, columns]: Size,
  options: AugmentationOf<'random-resized-crop'>,
  random: Random,
): Placing => {
  const { top, left, height, width } = randomWindow(image, options, random)
  return (_, times) => ({
    window: { top: times * top, left: times * left, height: times * height, width: times * width },
    ...{ top: 0, left: 0, height: times * rows, width: times * columns, rows: times * rows, columns: times * columns },
  })
}

/** An image's pixels at a place. */
export const pixelsAt = (
  image: Pixels,
  { window, height, width, ...crop }: Place,
  interpolation: Preprocess['interpolation'],
): Pixels =>
  resample(
    window === undefined ? image : cropped(image, window.top, window.left, window.height, window.width),
    height,
    width,
    crop,
    interpolation,
  )

/** A mask's numbers at a place, each that of the nearest pixel. */
export const maskAt = (mask: Mask, { window, ...fitted }: Place): Mask => cutMask(mask, fitted, window)
