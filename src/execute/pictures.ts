import { isObject } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { fitImages, type ImageInput, type Preprocess } from '../data/index.ts'
import type { TensorLike } from './inputs.ts'

/** Encoded images or pixels, and how they become a network's input. */
export interface Pictures {
  readonly pictures: readonly ImageInput[]
  readonly preprocess: Preprocess
}

export const isPictures = (images: Float32Array | TensorLike | Pictures): images is Pictures =>
  isObject(images) && 'pictures' in images

/** Numbers that a network takes, of pictures. @throws EspalierError where one cannot be decoded */
export const numbersOf = async ({ pictures, preprocess }: Pictures): Promise<Float32Array> =>
  orThrow(
    await fitImages(
      pictures.map((image, k) => ({ image, where: `image ${k}` })),
      preprocess,
    ),
  )
