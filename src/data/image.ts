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

const crop = ({ data, height, width }: Pixels, [rows, columns]: readonly [number, number]): Uint8Array => {
  if (height === rows && width === columns) return data
  const [top, left] = [cropAt(height, rows), cropAt(width, columns)]
  const out = new Uint8Array(rows * columns * 3)
  for (let y = 0; y < rows; y++) {
    const from = ((top + y) * width + left) * 3
    out.set(data.subarray(from, from + columns * 3), y * columns * 3)
  }
  return out
}

/** Extents before the crop; the longer side is rounded to the nearest pixel. */
const resizedExtents = (
  [h, w]: readonly [number, number],
  { size, resize, resize_to }: Preprocess,
): readonly [number, number] => {
  if (resize !== 'shorter-side' || resize_to === undefined) return size
  return h <= w ? [resize_to, Math.round((resize_to * w) / h)] : [Math.round((resize_to * h) / w), resize_to]
}

/** Half of the margin, rounded down. */
const cropAt = (extent: number, size: number): number => Math.floor((extent - size) / 2)

/** An image as the network's extents want it: upright, RGB, resized bilinearly with antialiasing, cropped at the centre: `[height, width, 3]`. */
export const fitImage = async (
  image: ImageInput,
  preprocess: Preprocess,
  where: string,
): Promise<E.Either<DataProblem, Uint8Array>> => {
  let pixels: Pixels
  try {
    pixels = isEncoded(image) ? await decode(image) : image
  } catch (error) {
    const expected = 'an image that can be decoded: JPEG, PNG, WebP, GIF, TIFF or AVIF, of at most 100 megapixels'
    return E.left(problem('unreadable-image', where, (error as Error).message, expected))
  }
  const { data, height, width } = pixels
  if (data.length !== height * width * 3)
    return E.left(
      problem(
        'wrong-size',
        where,
        `${data.length} bytes for ${height} × ${width} pixels`,
        `${height * width * 3} bytes, three a pixel`,
      ),
    )
  const [rows, columns] = resizedExtents([height, width], preprocess)
  return E.right(crop(resample(pixels, rows, columns), preprocess.size))
}
