import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { problem } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import type { Preprocess } from './preprocess.ts'
import { resample } from './resample.ts'

/** Red, green, blue, 0 to 255, row by row: `[height, width, 3]`. */
export interface Pixels {
  readonly data: Uint8Array
  readonly height: number
  readonly width: number
}

/** An encoded image (JPEG, PNG, WebP, …), or its pixels. */
export type ImageInput = Uint8Array | Pixels

/** No more than this is decoded: 100 megapixels. */
const largest = 1e8

const isEncoded = (image: ImageInput): image is Uint8Array => image instanceof Uint8Array

/** An encoded image upright and in RGB, its colour profile disregarded as in training. */
const decode = async (encoded: Uint8Array): Promise<Pixels> => {
  const { data, info } = await sharp(encoded, {
    limitInputPixels: largest,
    failOn: 'error',
    autoOrient: true,
    ignoreIcc: true,
  })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), height: info.height, width: info.width }
}

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

/** Resized bilinearly with antialiasing so that the shorter side has a length; the longer is rounded to the nearest pixel. */
export const shorterSideTo = (pixels: Pixels, length: number): Pixels => {
  const { height: h, width: w } = pixels
  return h <= w
    ? resample(pixels, length, Math.round((length * w) / h))
    : resample(pixels, Math.round((length * h) / w), length)
}

/** Half of the margin, rounded down. */
const cropAt = (extent: number, size: number): number => Math.floor((extent - size) / 2)

/** An image's pixels, decoded where it is encoded. `where` names it in problems. */
export const decodeImage = async (image: ImageInput, where: string): Promise<E.Either<DataProblem, Pixels>> => {
  let pixels: Pixels
  try {
    pixels = isEncoded(image) ? await decode(image) : image
  } catch (error) {
    const expected = 'an image that can be decoded: JPEG, PNG, WebP, GIF, TIFF or AVIF, of at most 100 megapixels'
    return E.left(problem('unreadable-image', where, (error as Error).message, expected))
  }
  const { data, height, width } = pixels
  return data.length === height * width * 3
    ? E.right(pixels)
    : E.left(
        problem(
          'wrong-size',
          where,
          `${data.length} bytes for ${height} × ${width} pixels`,
          `${height * width * 3} bytes, three a pixel`,
        ),
      )
}

/** Pixels as the network's extents want them: resized bilinearly with antialiasing, cropped at the centre. */
export const fitPixels = (pixels: Pixels, { size: [rows, columns], resize, resize_to }: Preprocess): Pixels => {
  const resized =
    resize !== 'shorter-side' || resize_to === undefined
      ? resample(pixels, rows, columns)
      : shorterSideTo(pixels, resize_to)
  return cropped(resized, cropAt(resized.height, rows), cropAt(resized.width, columns), rows, columns)
}

/** An image as the network's extents want it: upright, RGB, resized and cropped as {@link fitPixels} does: `[height, width, 3]`. */
export const fitImage = async (
  image: ImageInput,
  preprocess: Preprocess,
  where: string,
): Promise<E.Either<DataProblem, Uint8Array>> =>
  E.map((pixels: Pixels) => fitPixels(pixels, preprocess).data)(await decodeImage(image, where))
