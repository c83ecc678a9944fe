import { either as E } from 'fp-ts'
import type { Random } from '../../base/random.ts'
import { fitPixels, type Pixels } from '../../data/image.ts'
import type { Preprocess } from '../../data/preprocess.ts'
import { type TrainingProblem, trainingProblem } from '../error.ts'
import type { Augmentation } from './augmentation.ts'
import { colourJitter, pcaLighting } from './colour.ts'
import { flipped, padAndCrop, randomCrop, randomResizedCrop } from './geometry.ts'
import type { Raster } from './raster.ts'

/** An image cut to the network's extents: as the preprocessing says, or as the first augmentation does in its place. */
const fitted = (image: Pixels, first: Augmentation | undefined, preprocess: Preprocess, random: Random): Pixels => {
  switch (first?.kind) {
    case 'random-crop':
      return randomCrop(image, preprocess.size, first, random)
    case 'random-resized-crop':
      return randomResizedCrop(image, preprocess.size, first, random)
    default:
      return fitPixels(image, preprocess)
  }
}

const changed = (image: Raster, augmentation: Augmentation, random: Random): Raster => {
  switch (augmentation.kind) {
    case 'random-crop':
    case 'random-resized-crop':
      return image
    case 'pad-and-crop':
      return padAndCrop(image, augmentation, random)
    case 'flip':
      return random.next() < 0.5 ? flipped(image) : image
    case 'colour-jitter':
      return colourJitter(image, augmentation, random)
    case 'pca-lighting':
      return pcaLighting(image, augmentation, random)
  }
}

/** An image as it is seen this time: cut to the network's extents and augmented, not yet normalized. Pixels of the image stay what they are. */
export const augmented = (
  image: Pixels,
  augment: readonly Augmentation[],
  preprocess: Preprocess,
  random: Random,
): Raster =>
  augment.reduce(
    (seen: Raster, augmentation) => changed(seen, augmentation, random),
    fitted(image, augment[0], preprocess, random),
  )

/** Refuses crops that are larger than what they are cut from. */
export const checkAugmentation = (
  augment: readonly Augmentation[],
  { size }: Preprocess,
): E.Either<readonly TrainingProblem[], readonly Augmentation[]> => {
  const problems = augment.flatMap((augmentation, k) =>
    augmentation.kind === 'random-crop' && augmentation.resize_to < Math.max(...size)
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
