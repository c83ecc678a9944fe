import { either as E } from 'fp-ts'
import sharp from 'sharp'
import { EspalierError, type Pair, problem } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import { type Fitted, fittedExtents } from './image.ts'
import { chunksOf, isPng, pngOf } from './png.ts'
import type { Cut } from './preprocess.ts'

/** The class of each pixel, row by row; 255 is none. */
export interface Mask {
  readonly data: Uint8Array
  readonly height: number
  readonly width: number
}

/** A pixel of this number has no class: it is not counted. */
export const noClass = 255

const [grey, palette] = [0, 3]

const expected = 'a PNG whose pixels are numbers of classes: grey or with a palette, of at most 8 bits'

/** A PNG with a palette as one whose greys are the numbers of its colours: no decoder gives these. */
const withoutPalette = (encoded: Uint8Array): Uint8Array =>
  pngOf(
    chunksOf(encoded)
      .filter(({ name }) => name !== 'PLTE' && name !== 'tRNS')
      .map(chunk => (chunk.name === 'IHDR' ? { ...chunk, data: chunk.data.with(9, grey) } : chunk)),
  )

/** The numbers of a mask’s pixels. Left: where it is no PNG of numbers. */
export const decodeMask = async (encoded: Uint8Array, where: string): Promise<E.Either<DataProblem, Mask>> => {
  const refuse = (seen: string) => E.left(problem('unreadable-image' as const, where, seen, expected))
  if (!isPng(encoded)) return refuse('a mask that is no PNG')
  try {
    const head = chunksOf(encoded)[0].data
    const [depth, colour] = [head[8], head[9]]
    if (colour !== grey && colour !== palette) return refuse('a mask of colours')
    if (depth > 8) return refuse(`a mask of ${depth} bits`)
    const decoded = sharp(withoutPalette(encoded), { failOn: 'error', ignoreIcc: true }).toColourspace('b-w').raw()
    const { data, info } = await decoded.toBuffer({ resolveWithObject: true })
    const [most, step] = [2 ** depth - 1, info.channels]
    return E.right({
      data: Uint8Array.from({ length: info.height * info.width }, (_, k) => Math.round((data[k * step] * most) / 255)),
      height: info.height,
      width: info.width,
    })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

/** A part of a mask, in pixels. */
interface Part {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** A mask, or a part of it, resized and cropped, each pixel that of the nearest. */
export const cutMask = (
  mask: Mask,
  { height, width, top, left, rows, columns }: Fitted,
  part: Part = { top: 0, left: 0, height: mask.height, width: mask.width },
): Mask => {
  const nearest = (at: number, extent: number, of: number): number => Math.floor(((at + 0.5) * extent) / of)
  const out = new Uint8Array(rows * columns)
  for (let y = 0; y < rows; y++) {
    const row = (part.top + nearest(top + y, part.height, height)) * mask.width + part.left
    for (let x = 0; x < columns; x++) out[y * columns + x] = mask.data[row + nearest(left + x, part.width, width)]
  }
  return { data: out, height: rows, width: columns }
}

/** A mask resized and cropped as its image is. */
export const fitMask = (mask: Mask, preprocess: Cut): Mask => cutMask(mask, fittedExtents(mask, preprocess))

/**
 * Visits each pixel of a mask that has a class: the class, and the place, row by row, of the pixel that stands for it in an answer of these extents. Returns how many have none.
 *
 * @throws EspalierError where a class is none of so many
 */
export const eachPixel = (
  { size, data }: { readonly size: Pair; readonly data: Uint8Array },
  where: string,
  [h, w]: readonly number[],
  classes: number,
  visit: (own: number, at: number) => void,
): number => {
  const [rows, columns] = size
  let none = 0
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const own = data[y * columns + x]
      if (own === noClass) {
        none++
        continue
      }
      if (own >= classes)
        throw new EspalierError([
          problem('bad-labels', where, `a mask with class ${own}`, `classes below ${classes}; ${noClass} is none`),
        ])
      visit(own, Math.floor((y * h) / rows) * w + Math.floor((x * w) / columns))
    }
  return none
}

/** Of masks of a foreground that have none: often it is written as 255, whose pixels would not be counted. */
export const foregroundProblem = (where: string, seen: string): DataProblem =>
  problem('bad-labels', where, seen, `classes 0 and 1; ${noClass} is none`, 'write the foreground as 1')
