import { either as E } from 'fp-ts'
import { EspalierError, type Pair, problem } from '../../ir/index.ts'
import type { Random } from '../base/random.ts'
import {
  type DataProblem,
  type Example,
  extentsProblem,
  inChannels,
  means,
  type Pixels,
  type Preprocess,
  type Target,
  withPixels,
} from '../data/index.ts'
import { decodeMask } from '../data/mask.ts'
import { augmentedImage, augmentedMask, type Drawn, drawn } from './augmentation/augment.ts'
import type { Augmentation } from './augmentation/augmentation.ts'
import type { Raster } from './augmentation/raster.ts'

/** What an answer is held against in a step, moved as its image was: a mask’s classes, an image’s red, green and blue from 0 to 255, numbers. */
export type SeenTarget =
  | { readonly kind: 'mask'; readonly size: Pair; readonly data: Uint8Array; readonly where: string }
  | { readonly kind: 'image'; readonly size: Pair; readonly data: Uint8Array | Float32Array }
  | Extract<Target, { readonly kind: 'numbers' }>

/** An image as it is seen this time, not yet normalized, and what goes with it. */
export interface Seen {
  readonly image: Raster
  readonly target?: SeenTarget | undefined
}

export interface Seeing {
  readonly preprocess: Preprocess
  readonly augment: readonly Augmentation[]
  /** How many times as large as what is fed a target is, where targets are read. */
  readonly times?: number | undefined
}

type Extents = Pick<Raster, 'height' | 'width'>
type Read<A> = Promise<E.Either<DataProblem, A>>

const imageTarget = ({ data, height, width }: Raster): SeenTarget => ({ kind: 'image', size: [height, width], data })

/** The target of an image of these extents, moved by what was drawn for that. */
const withTarget = async (
  target: Target,
  image: Extents,
  moved: Drawn,
  preprocess: Preprocess,
  times: number,
): Read<SeenTarget | undefined> => {
  switch (target.kind) {
    case 'mask': {
      const mask = await decodeMask(target.image, target.where)
      if (E.isLeft(mask)) return mask
      const wrong = extentsProblem(target.where, mask.right, image, 1)
      if (wrong !== undefined) return E.left(wrong)
      const { data, height, width } = augmentedMask(mask.right, moved)
      return E.right({ kind: 'mask', size: [height, width], data, where: target.where })
    }
    case 'image':
      return withPixels(target.image, target.where, pixels => {
        const wrong = extentsProblem(target.where, pixels, image, times)
        if (wrong !== undefined) throw new EspalierError([wrong])
        return imageTarget(augmentedImage(inChannels(pixels, preprocess), moved, times))
      })
    case 'numbers':
      return E.right(target)
    case 'class':
      return E.right(undefined)
  }
}

/** Of an image that is to be had back from the means of its pixels: these, and the image, seen alike. */
const seenReduced = (pixels: Pixels, side: number, { preprocess, augment, times }: Seeing, random: Random): Seen => {
  const reduced = { height: Math.floor(pixels.height / side), width: Math.floor(pixels.width / side) }
  if (Math.min(reduced.height, reduced.width) === 0)
    throw new EspalierError([
      problem('unreadable-image', 'image', `${pixels.height} × ${pixels.width} pixels`, `${side} a side at least`),
    ])
  const large = augmentedImage(inChannels(pixels, preprocess), drawn(reduced, augment, preprocess, random), side)
  return { image: means(large, side), target: times === undefined ? undefined : imageTarget(large) }
}

/** Reads, decodes and augments an image, and what its answer is held against, where that is wanted. Left: where one of them cannot be had, or does not fit the other. */
export const seen = async (
  { image, where, times: side = 1, target }: Example,
  seeing: Seeing,
  random: Random,
): Read<Seen> => {
  const { preprocess, augment, times } = seeing
  if (side > 1) return withPixels(image, where, pixels => seenReduced(pixels, side, seeing, random))
  const own = await withPixels(image, where, pixels => {
    const moved = drawn(pixels, augment, preprocess, random)
    const { height, width } = pixels
    return { moved, extents: { height, width }, raster: augmentedImage(inChannels(pixels, preprocess), moved) }
  })
  if (E.isLeft(own)) return own
  const { moved, extents, raster } = own.right
  if (times === undefined || target === undefined) return E.right({ image: raster })
  return E.map((held: SeenTarget | undefined) => ({ image: raster, target: held }))(
    await withTarget(target, extents, moved, preprocess, times),
  )
}
