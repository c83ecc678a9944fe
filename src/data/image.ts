import { either as E, function as F } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { decodable, type Pixels, readHead, withDecoded } from './decode.ts'
import type { DataProblem } from './error.ts'
import { inChannels } from './grey.ts'
import { imageProblem } from './image-argument.ts'
import type { Preprocess } from './preprocess.ts'
import { resample } from './resample.ts'

export type { Pixels } from './decode.ts'

/** An encoded image (JPEG, PNG, WebP, …), or its pixels. */
export type ImageInput = Uint8Array | Pixels

const isEncoded = (image: ImageInput): image is Uint8Array => image instanceof Uint8Array

/** The part of an image whose upper left pixel is at row `top` and column `left`. */
export const cropped = (
  { data, height, width }: Pixels,
  top: number,
  left: number,
  rows: number,
  columns: number,
): Pixels => {
  if (height === rows && width === columns) return { data, height, width }
  const out = new Uint8Array(rows * columns * 3)
  for (let y = 0; y < rows; y++) {
    const from = ((top + y) * width + left) * 3
    out.set(data.subarray(from, from + columns * 3), y * columns * 3)
  }
  return { data: out, height: rows, width: columns }
}

/** The extents of an image whose shorter side is resized to a length; the longer is cut to whole pixels, as torchvision's Resize does, or rounded. */
export const shorterSideTo = (
  { height: h, width: w }: Pick<Pixels, 'height' | 'width'>,
  length: number,
  longerSide: Preprocess['longer_side'] = 'cut',
): readonly [height: number, width: number] => {
  const whole = longerSide === 'cut' ? Math.floor : Math.round
  return h <= w ? [length, whole((length * w) / h)] : [whole((length * h) / w), length]
}

/** Half of the margin, a half to the even side, as torchvision's CenterCrop does by Python's rounding. */
const cropAt = (extent: number, size: number): number => {
  const half = Math.floor((extent - size) / 2)
  return (extent - size) % 2 === 0 ? half : half + (half % 2)
}

/** Refuses pixels that do not fill their extents. */
const checkFilled =
  (where: string) =>
  (pixels: Pixels): E.Either<DataProblem, Pixels> => {
    const { data, height, width } = pixels
    if (data.length === height * width * 3) return E.right(pixels)
    const seen = `${data.length} bytes for ${height} × ${width} pixels`
    const hint = data.length === height * width * 4 ? 'the pixels without alpha: every fourth byte left out' : undefined
    return E.left(problem('wrong-size', where, seen, `${height * width * 3} bytes, three a pixel`, hint))
  }

/**
 * What comes of an image's pixels, decoded where it is encoded. `where` names it in problems. Pixels of encoded images are many: what `use` keeps is not bounded.
 */
export const withPixels = async <A>(
  image: ImageInput,
  where: string,
  use: (pixels: Pixels) => A,
): Promise<E.Either<DataProblem, A>> => {
  const strange = imageProblem(image, where)
  if (strange !== undefined) return E.left(strange)
  const checked = (pixels: Pixels) => F.pipe(pixels, checkFilled(where), E.map(use))
  if (!isEncoded(image)) return checked(image)
  try {
    return await withDecoded(image, checked)
  } catch (error) {
    return E.left(problem('unreadable-image', where, (error as Error).message, decodable))
  }
}

/** What an encoded image is by its head. Left: why it cannot be decoded. */
export const imageHead = async (
  encoded: Uint8Array,
): Promise<E.Either<string, { readonly format: string; readonly height: number; readonly width: number }>> => {
  try {
    return E.right(await readHead(encoded))
  } catch (error) {
    return E.left((error as Error).message)
  }
}

/** Pixels as the network's extents want them: resized bilinearly with antialiasing, cropped at the centre. */
export const fitPixels = (
  pixels: Pixels,
  { size: [rows, columns], resize, resize_to, longer_side }: Preprocess,
): Pixels => {
  const [height, width] =
    resize !== 'shorter-side' || resize_to === undefined
      ? [rows, columns]
      : shorterSideTo(pixels, resize_to, longer_side)
  return resample(pixels, height, width, { top: cropAt(height, rows), left: cropAt(width, columns), rows, columns })
}

/** An image as the network's extents want it: upright, RGB, resized and cropped as {@link fitPixels} does: `[height, width, 3]`. */
export const fitImage = (
  image: ImageInput,
  preprocess: Preprocess,
  where: string,
): Promise<E.Either<DataProblem, Uint8Array>> =>
  withPixels(image, where, pixels => fitPixels(inChannels(pixels, preprocess), preprocess).data)
