import { either as E } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { random } from '../base/random.ts'
import {
  channelsOf,
  type DataProblem,
  type DataSet,
  type Example,
  isOfOneImage,
  normalizeInto,
  readableAt,
  type Skipped,
} from '../data/index.ts'
import { trainingProblem } from './error.ts'
import { type Seeing, type SeenTarget, seen } from './seen.ts'

/** How training images become a network's input, and what else is read of them. */
export interface Preparation extends Seeing {
  readonly seed: number
  /** Whether labels are read. Default true. */
  readonly labelled?: boolean
}

/** Which images of the data set, in which epoch: they are augmented by the seed, the epoch and their number alone. */
export interface Order {
  readonly epoch: number
  readonly indices: readonly number[]
}

export interface LoadedImages {
  /** `[n, h, w, c]` */
  readonly images: Float32Array
  readonly n: number
  /** None where they are not read. */
  readonly labels: readonly number[]
  /** What their answers are held against; none where that is not read. */
  readonly targets: readonly SeenTarget[]
  /** Images that could not be read or decoded, which are not among the others. */
  readonly skipped: readonly Skipped[]
}

/** Decoders work beside this thread; memory bounds how many do. */
const decodedAtOnce = 4

const labelOf = ({ label, where }: Example): number => {
  if (label !== undefined) return label
  throw new EspalierError([
    trainingProblem('not-labelled', where, 'an image without a label', 'a label for each image'),
  ])
}

/** Some of the images of a batch, in their order. */
const rowsOf = (images: Float32Array, rows: readonly number[], size: number): Float32Array => {
  if (rows.length * size === images.length) return images
  const some = new Float32Array(rows.length * size)
  for (const [k, row] of rows.entries()) some.set(images.subarray(row * size, (row + 1) * size), k * size)
  return some
}

/** Reads, decodes, augments and normalizes images, but for those that cannot be. @throws EspalierError where one has no label that is to be read */
export const loadBatch = async (
  data: DataSet,
  { epoch, indices }: Order,
  preparation: Preparation,
): Promise<LoadedImages> => {
  const { preprocess, seed, labelled = true } = preparation
  const { examples, skipped: unread } = orThrow(await readableAt(data, indices))
  const labels = labelled ? examples.map(labelOf) : []
  const [h, w] = preprocess.size
  const size = h * w * channelsOf(preprocess)
  const images = new Float32Array(examples.length * size)
  const targets: (SeenTarget | undefined)[] = []
  const problems = new Map<number, DataProblem>()
  let next = 0
  const prepareInTurn = async (): Promise<void> => {
    while (next < examples.length) {
      const k = next++
      const draws = random(seed, `augmentation of image ${examples[k].index} in epoch ${epoch}`)
      const prepared = await seen(examples[k], preparation, draws)
      if (E.isLeft(prepared) && isOfOneImage(prepared.left)) {
        problems.set(k, prepared.left)
        continue
      }
      const { image, target } = orThrow(prepared)
      normalizeInto(image.data, preprocess, images, k * size)
      targets[k] = target
    }
  }
  await Promise.all(Array.from({ length: decodedAtOnce }, prepareInTurn))
  const rows = [...examples.keys()].filter(k => !problems.has(k))
  const undecoded = [...problems].map(([k, problem]) => ({ index: examples[k].index, problem }))
  return {
    images: rowsOf(images, rows, size),
    n: rows.length,
    labels: labelled ? rows.map(k => labels[k]) : [],
    targets: rows.flatMap(k => targets[k] ?? []),
    skipped: [...unread, ...undecoded].sort((a, b) => a.index - b.index),
  }
}
