import { either as E } from 'fp-ts'
import type { Pair } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import { channelsOf } from './grey.ts'
import { type Fed, fitImage, type ImageInput } from './image.ts'
import { type Cut, normalizeInto, type Preprocess } from './preprocess.ts'

/** An image, and a file or number that names it in problems. */
export interface NamedImage {
  readonly image: ImageInput
  readonly where: string
  /** It is so many times as large as what the network is fed, which is the means of its pixels. Default 1. */
  readonly times?: number
}

/** Decoders work beside this thread; memory bounds how many do. */
const decodedAtOnce = 4

/** Images as a network takes them, decoded, fitted and normalized: `[n, h, w, c]`. Left: the first that cannot be. */
export const fitImages = async (
  images: readonly NamedImage[],
  preprocess: Preprocess,
): Promise<E.Either<DataProblem, Float32Array>> => {
  const [h, w] = preprocess.size
  const size = h * w * channelsOf(preprocess)
  const inputs = new Float32Array(images.length * size)
  let next = 0
  let problem: DataProblem | undefined
  const fitInTurn = async (): Promise<void> => {
    while (next < images.length && problem === undefined) {
      const k = next++
      const { image, where, times } = images[k]
      const fitted = await fitImage(image, preprocess, where, times)
      if (E.isLeft(fitted)) problem ??= fitted.left
      else normalizeInto(fitted.right.data, preprocess, inputs, k * size)
    }
  }
  await Promise.all(Array.from({ length: decodedAtOnce }, fitInTurn))
  return problem === undefined ? E.right(inputs) : E.left(problem)
}

/** An image as a network of open height and width takes it, normalized, `[h, w, c]`, and its extents. */
export const fitWhole = async (
  { image, where, times }: NamedImage,
  preprocess: Cut,
): Promise<E.Either<DataProblem, { readonly images: Float32Array; readonly size: Pair }>> =>
  E.map(({ data, height, width }: Fed) => {
    const images = new Float32Array(height * width * channelsOf(preprocess))
    normalizeInto(data, preprocess, images, 0)
    return { images, size: [height, width] as const }
  })(await fitImage(image, preprocess, where, times))
