import { either as E, function as F } from 'fp-ts'
import { type Pair, problem } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import { channelsOf, inChannels } from './grey.ts'
import { fitPixels, type ImageInput, imageHead, type Pixels, withPixels } from './image.ts'
import { decodeMask, fitMask } from './mask.ts'
import type { Cut } from './preprocess.ts'

/** What a data set has for an image beside a class: a mask, the image that it should become, numbers, or a class as a mark of what belongs together. */
export type Target =
  | { readonly kind: 'mask'; readonly image: Uint8Array; readonly where: string; readonly of: ImageInput }
  | { readonly kind: 'image'; readonly image: ImageInput; readonly where: string; readonly of?: ImageInput }
  | { readonly kind: 'numbers'; readonly values: readonly number[] }
  | { readonly kind: 'class'; readonly index: number }

/** What kinds of targets there are. */
export type TargetKind = Target['kind']

/** A target as an answer is held against it; a mask’s numbers are classes, an image’s are from 0 to 255, `[h, w, c]`. */
export type FittedTarget =
  | { readonly kind: 'mask' | 'image'; readonly size: Pair; readonly data: Uint8Array }
  | Extract<Target, { readonly kind: 'numbers' | 'class' }>

const firstChannel = (pixels: Uint8Array): Uint8Array => pixels.filter((_, k) => k % 3 === 0)

type Extents = Pick<Pixels, 'height' | 'width'>

/** Upright. Undefined of what cannot be decoded, which is a problem of its own. */
const extentsOf = async (image: ImageInput): Promise<Extents | undefined> => {
  if (!(image instanceof Uint8Array)) return image
  const head = await imageHead(image)
  return E.isRight(head) ? head.right : undefined
}

/** Refuses what is not just so many times as large as the image that it belongs to, both upright. */
export const extentsProblem = (where: string, own: Extents, image: Extents, times: number): DataProblem | undefined =>
  Math.floor(own.height / times) === image.height && Math.floor(own.width / times) === image.width
    ? undefined
    : problem(
        'wrong-size',
        where,
        `${own.height} × ${own.width} pixels for an image of ${image.height} × ${image.width}, as it stands upright`,
        times === 1 ? 'as many' : `${times} times as many a side`,
      )

const checkExtents = async (
  { of, where }: { readonly of?: ImageInput; readonly where: string },
  own: Extents,
  times: number,
): Promise<DataProblem | undefined> => {
  const image = of && (await extentsOf(of))
  return image && extentsProblem(where, own, image, times)
}

/**
 * A target cut as its image is: a mask to the extents of what the network is fed, an image to so many times these. Left: where it cannot be decoded.
 */
export const fitTarget = async (
  target: Target,
  preprocess: Cut,
  times: number,
): Promise<E.Either<DataProblem, FittedTarget>> => {
  switch (target.kind) {
    case 'mask': {
      const mask = await decodeMask(target.image, target.where)
      if (E.isLeft(mask)) return mask
      const wrong = await checkExtents(target, mask.right, 1)
      if (wrong !== undefined) return E.left(wrong)
      const { data, height, width } = fitMask(mask.right, preprocess)
      return E.right({ kind: 'mask', size: [height, width], data })
    }
    case 'image': {
      const head = await extentsOf(target.image)
      const wrong = head && (await checkExtents(target, head, times))
      if (wrong !== undefined) return E.left(wrong)
      return F.pipe(
        await withPixels(target.image, target.where, pixels =>
          fitPixels(inChannels(pixels, preprocess), preprocess, times),
        ),
        E.map(({ data, height, width }) => ({
          kind: 'image',
          size: [height, width],
          data: channelsOf(preprocess) === 1 ? firstChannel(data) : data,
        })),
      )
    }
    default:
      return E.right(target)
  }
}
