import { either as E } from 'fp-ts'
import type { DataProblem } from './error.ts'
import { channelsOf } from './grey.ts'
import { fitImage, type ImageInput } from './image.ts'
import { normalizeInto, type Preprocess } from './preprocess.ts'

/** An image, and a file or number that names it in problems. */
export interface NamedImage {
  readonly image: ImageInput
  readonly where: string
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
      const fitted = await fitImage(images[k].image, preprocess, images[k].where)
      if (E.isLeft(fitted)) problem ??= fitted.left
      else normalizeInto(fitted.right, preprocess, inputs, k * size)
    }
  }
  await Promise.all(Array.from({ length: decodedAtOnce }, fitInTurn))
  return problem === undefined ? E.right(inputs) : E.left(problem)
}
