import { EspalierError } from '../../ir/index.ts'
import {
  channelsOf,
  type DataSet,
  type Example,
  examplesAt,
  inChannels,
  normalizeInto,
  type Preprocess,
  withPixels,
} from '../data/index.ts'
import { random } from '../data/random.ts'
import { orThrow } from '../error.ts'
import { augmented } from './augmentation/augment.ts'
import type { Augmentation } from './augmentation/augmentation.ts'
import { trainingProblem } from './error.ts'

/** How training images become a network's input. */
export interface Preparation {
  readonly preprocess: Preprocess
  readonly augment: readonly Augmentation[]
  readonly seed: number
}

/** Which images of the data set, in which epoch: they are augmented by the seed, the epoch and their number alone. */
export interface Order {
  readonly epoch: number
  readonly indices: readonly number[]
}

export interface LoadedImages {
  /** `[n, h, w, c]` */
  readonly images: Float32Array
  readonly labels: readonly number[]
}

/** Decoders work beside this thread; memory bounds how many do. */
const decodedAtOnce = 4

const labelOf = ({ label, where }: Example): number => {
  if (label !== undefined) return label
  throw new EspalierError([
    trainingProblem('not-labelled', where, 'an image without a label', 'a label for each image'),
  ])
}

/** Reads, decodes, augments and normalizes images. @throws EspalierError for the first that cannot be, or has no label */
export const loadBatch = async (
  data: DataSet,
  { epoch, indices }: Order,
  { preprocess, augment, seed }: Preparation,
): Promise<LoadedImages> => {
  const examples = orThrow(await examplesAt(data, indices))
  const labels = examples.map(labelOf)
  const [h, w] = preprocess.size
  const size = h * w * channelsOf(preprocess)
  const images = new Float32Array(examples.length * size)
  let next = 0
  const prepareInTurn = async (): Promise<void> => {
    while (next < examples.length) {
      const k = next++
      const { image, where } = examples[k]
      const draws = random(seed, `augmentation of image ${indices[k]} in epoch ${epoch}`)
      const prepared = await withPixels(image, where, pixels =>
        augmented(inChannels(pixels, preprocess), augment, preprocess, draws),
      )
      normalizeInto(orThrow(prepared).data, preprocess, images, k * size)
    }
  }
  await Promise.all(Array.from({ length: decodedAtOnce }, prepareInTurn))
  return { images, labels }
}
