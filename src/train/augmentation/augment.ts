import { either as E } from 'fp-ts'
import type { Random } from '../../base/random.ts'
import type { Pixels } from '../../data/image.ts'
import { type Mask, noClass } from '../../data/mask.ts'
import type { Preprocess } from '../../data/preprocess.ts'
import { type TrainingProblem, trainingProblem } from '../error.ts'
import type { Augmentation } from './augmentation.ts'
import { colourJitter, pcaLighting, type Recolour } from './colour.ts'
import {
  centred,
  flipped,
  type Move,
  maskAt,
  type Placing,
  padAndCrop,
  pixelsAt,
  randomCrop,
  randomResizedCrop,
} from './geometry.ts'
import type { Raster } from './raster.ts'

type Extents = Pick<Raster, 'height' | 'width'>

/** What is drawn for an image: where it is looked at, and what is done to it then, one after the other. */
export interface Drawn {
  readonly place: Placing
  readonly interpolation: Preprocess['interpolation']
  readonly changes: readonly ({ readonly move: Move } | { readonly recolour: Recolour })[]
}

/** Where an image is looked at: as the preprocessing says, or as the first augmentation does in its place. */
const placed = (image: Extents, first: Augmentation | undefined, preprocess: Preprocess, random: Random): Placing => {
  switch (first?.kind) {
    case 'random-crop':
      return randomCrop(image, preprocess.size, first, random)
    case 'random-resized-crop':
      return randomResizedCrop(image, preprocess.size, first, random)
    default:
      return centred(preprocess)
  }
}

const changes = (augmentation: Augmentation, random: Random): Drawn['changes'] => {
  switch (augmentation.kind) {
    case 'random-crop':
    case 'random-resized-crop':
      return []
    case 'pad-and-crop':
      return [{ move: padAndCrop(augmentation, random) }]
    case 'flip':
      return random.next() < 0.5 ? [{ move: flipped }] : []
    case 'colour-jitter':
      return [{ recolour: colourJitter(augmentation, random) }]
    case 'pca-lighting':
      return [{ recolour: pcaLighting(augmentation, random) }]
  }
}

/** Draws how an image of these extents is seen this time. */
export const drawn = (
  image: Extents,
  augment: readonly Augmentation[],
  preprocess: Preprocess,
  random: Random,
): Drawn => ({
  place: placed(image, augment[0], preprocess, random),
  interpolation: preprocess.interpolation,
  changes: augment.flatMap(augmentation => changes(augmentation, random)),
})

/**
 * An image as it is seen, or one so many times as large as that: cut to the network's extents, or so many times these, and augmented, not yet normalized. Pixels of
 * the image stay what they are.
 */
export const augmentedImage = (image: Pixels, { place, interpolation, changes }: Drawn, times = 1): Raster =>
  changes.reduce<Raster>(
    (seen, change) => ('move' in change ? change.move(seen, times) : change.recolour(seen)),
    pixelsAt(image, place(image, times), interpolation),
  )

/** A mask that goes where its image goes; what comes from outside has no class. */
export const augmentedMask = (mask: Mask, { place, changes }: Drawn): Mask =>
  changes.reduce<Mask>(
    (seen, change) => ('move' in change ? (change.move(seen, 1, noClass) as Mask) : seen),
    maskAt(mask, place(mask, 1)),
  )

/** Refuses crops that are larger than what they are cut from. */
export const checkAugmentation = (
  augment: readonly Augmentation[],
  { size }: Preprocess,
): E.Either<readonly TrainingProblem[], readonly Augmentation[]> => {
  const problems = augment.flatMap((augmentation, k) =>
    augmentation.kind === 'random-crop' &&
    augmentation.resize_to !== undefined &&
    augmentation.resize_to < Math.max(...size)
      ? [
          trainingProblem(
            'bad-augmentation',
            `augment[${k}]`,
            `random-crop with resize_to ${augmentation.resize_to}`,
            `at least ${Math.max(...size)}, so that a crop of ${size.join(' × ')} fits`,
          ),
        ]
      : [],
  )
  return problems.length > 0 ? E.left(problems) : E.right(augment)
}
