import { either as E, function as F } from 'fp-ts'
import { EspalierError, type Pair, problem } from '../../ir/index.ts'
import { decodable, type Pixels, readHead, withDecoded } from './decode.ts'
import type { DataProblem } from './error.ts'
import { inChannels } from './grey.ts'
import { imageProblem } from './image-argument.ts'
import type { Cut, Preprocess } from './preprocess.ts'
import { type Crop, resample } from './resample.ts'

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

/** What of an image is wanted: the extents that it is resized to, and the part of these. */
export interface Fitted extends Crop {
  readonly height: number
  readonly width: number
}

/**
 * What a preprocessing wants of an image of these extents; of one that is so many times as large, the same part so many times as large.
 *
 * @throws EspalierError where it is not resized and smaller than what is wanted
 */
export const fittedExtents = (
  { height, width }: Pick<Pixels, 'height' | 'width'>,
  { size, own = false, resize, resize_to, longer_side, crop }: Cut,
  times = 1,
): Fitted => {
  const unsized: Pair = [Math.floor(height / times), Math.floor(width / times)]
  const [rows, columns] = own ? unsized : size
  const [h, w] = ((): Pair => {
    if (own || resize === 'none') return unsized
    return resize === 'shorter-side' && resize_to !== undefined
      ? shorterSideTo({ height, width }, resize_to, longer_side)
      : [rows, columns]
  })()
  if (h < rows || w < columns || h * w === 0)
    throw new EspalierError([
      problem(
        'unreadable-image',
        'image',
        `${height} × ${width} pixels`,
        `at least ${times * Math.max(rows, 1)} × ${times * Math.max(columns, 1)}, for it is not resized`,
      ),
    ])
  const whole = own || resize === 'none' ? [height, width] : [times * h, times * w]
  return {
    ...{ height: whole[0], width: whole[1] },
    ...{ top: times * cropAt(h, rows, crop), left: times * cropAt(w, columns, crop) },
    ...{ rows: times * rows, columns: times * columns },
  }
}

/** Half of the margin, a half to the even side, as torchvision's CenterCrop does by Python's rounding, or cut down. */
const cropAt = (extent: number, size: number, crop: Preprocess['crop']): number => {
  const half = Math.floor((extent - size) / 2)
  return (extent - size) % 2 === 0 || crop === 'center-floor' ? half : half + (half % 2)
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
  try {
    return isEncoded(image) ? await withDecoded(image, checked) : checked(image)
  } catch (error) {
    if (error instanceof EspalierError) return E.left({ ...(error.problems[0] as DataProblem), where })
    return E.left(problem('unreadable-image', where, (error as Error).message, decodable))
  }
}

/** What an encoded image is by its head, its extents upright as its EXIF says. Left: why it cannot be decoded. */
export const imageHead = async (
  encoded: Uint8Array,
): Promise<E.Either<string, { readonly format: string; readonly height: number; readonly width: number }>> => {
  try {
    const { format, autoOrient } = await readHead(encoded)
    return E.right({ format, ...autoOrient })
  } catch (error) {
    return E.left((error as Error).message)
  }
}

/** Pixels as the network's extents want them, or so many times as large: resized with antialiasing, cropped at the centre. @throws EspalierError as {@link fittedExtents} */
export const fitPixels = (pixels: Pixels, preprocess: Cut, times = 1): Pixels => {
  const { height, width, ...crop } = fittedExtents(pixels, preprocess, times)
  return resample(pixels, height, width, crop, preprocess.interpolation)
}

/** The means of squares of so many pixels, in floats. */
export const means = ({ data, height, width }: Fed, side: number): Fed => {
  const [rows, columns] = [height / side, width / side]
  const out = new Float32Array(rows * columns * 3)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        out[(Math.floor(y / side) * columns + Math.floor(x / side)) * 3 + c] +=
          data[(y * width + x) * 3 + c] / (side * side)
  return { data: out, height: rows, width: columns }
}

/** Pixels as they are normalized: bytes, or means of bytes. */
export interface Fed extends Omit<Pixels, 'data'> {
  readonly data: Uint8Array | Float32Array
}

/**
 * An image as the network's extents want it: upright, RGB, resized and cropped as {@link fitPixels} does: `[height, width, 3]`. Where it is so many `times` as large
 * as what the network is fed, that is the means of its pixels.
 */
export const fitImage = (
  image: ImageInput,
  preprocess: Cut,
  where: string,
  times = 1,
): Promise<E.Either<DataProblem, Fed>> =>
  withPixels(image, where, pixels => {
    const fitted = fitPixels(inChannels(pixels, preprocess), preprocess, times)
    return times === 1 ? fitted : means(fitted, times)
  })
