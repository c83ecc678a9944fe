import { EspalierError } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import { random, shuffled } from '../base/random.ts'
import { type DataSet, type OpenDataOptions, openData, type Preprocess } from '../data/index.ts'
import { checkAugmentation } from './augmentation/augment.ts'
import { type Loader, openWorkers } from './batch-workers.ts'
import { trainingProblem } from './error.ts'
import { type LoadedImages, loadBatch, type Order, type Preparation } from './load-batch.ts'
import type { Recipe } from './recipe.ts'

/** Images that workers open by their reference (`cifar100:DIR?split=train`), or a data set, which is read on this thread. */
export type TrainingSource = DataSet | ReferredData

/** Data by its reference; `data` is what it opens to, where somebody has opened it already. */
export interface ReferredData {
  readonly reference: string
  readonly open?: OpenDataOptions
  readonly data?: DataSet
}

export const openSource = async (source: TrainingSource): Promise<DataSet> =>
  'reference' in source ? (source.data ?? orThrow(await openData(source.reference, source.open))) : source

/** A place in a training: epochs, and batches within one, count from 0. */
export interface Place {
  readonly epoch: number
  readonly index: number
}

/** `n` augmented and normalized images, `[n, h, w, c]`, and the class of each where labels are read, or what else answers are held against. */
export interface TrainingBatch extends Place, LoadedImages {}

export interface TrainingBatchOptions {
  readonly recipe: Pick<Recipe, 'epochs' | 'batch' | 'augment'>
  readonly preprocess: Preprocess
  readonly seed: number
  /** Numbers of the images to train on. Default: all. */
  readonly images?: Int32Array
  /** Whether labels are read. Default true. */
  readonly labelled?: boolean
  /** How many times as large as what is fed what answers are held against is, where that is read. */
  readonly times?: number | undefined
  /** The first batch. Default: that of the first epoch. */
  readonly start?: Place
  /** Threads that prepare images given by reference; 0: this one. Default 1. */
  readonly workers?: number
  /** Batches that are prepared ahead of the reader, at most. Default 2 for each worker. */
  readonly ahead?: number
  readonly signal?: AbortSignal
}

export const stepsPerEpoch = (images: number, batch: number): number => Math.ceil(images / batch)

/** Batches in order: those of an epoch share out the images in an order drawn from the seed and the epoch. */
function* orders(
  images: Int32Array,
  { recipe: { epochs, batch }, seed, start = { epoch: 0, index: 0 } }: TrainingBatchOptions,
): Generator<Order & Place> {
  for (let { epoch, index } = start; epoch < epochs; epoch++, index = 0) {
    const shuffle = shuffled(images.length, random(seed, `order of epoch ${epoch}`))
    for (; index < stepsPerEpoch(images.length, batch); index++) {
      const places = shuffle.subarray(index * batch, (index + 1) * batch)
      yield { epoch, index, indices: Array.from(places, k => images[k]) }
    }
  }
}

const onThisThread = (data: DataSet, preparation: Preparation): Loader => ({
  load: order => loadBatch(data, order, preparation),
  close: async () => {},
})

/**
 * The batches of a training, the last of an epoch with what is left, prepared ahead of the reader. Batch `index` of epoch `epoch` follows from the source, the seed, the
 * size of batches, augmentation and preprocessing alone: whatever the start, the workers and what was read before. Workers end when the generator does; an abort ends it.
 *
 * Images that cannot be read or decoded are left out, and named. @throws EspalierError where the data cannot be opened, or an image has no label that is to be read.
 */
export async function* trainingBatches(
  source: TrainingSource,
  options: TrainingBatchOptions,
): AsyncGenerator<TrainingBatch, void, undefined> {
  const { recipe, preprocess, seed, times, signal } = options
  const { labelled = true, workers = 1, ahead = 2 * Math.max(workers, 1) } = options
  const augment = orThrow(checkAugmentation(recipe.augment, preprocess))
  const preparation: Preparation = { augment, preprocess, seed, labelled, times }
  const data = await openSource(source)
  if (labelled && !data.labelled)
    throw new EspalierError([
      trainingProblem('not-labelled', `--data ${data.name}`, 'images without labels', 'a label for each image'),
    ])
  const images = options.images ?? Int32Array.from({ length: data.count }, (_, k) => k)
  const loader =
    'reference' in source && workers > 0
      ? openWorkers({ reference: source.reference, open: source.open ?? {}, preparation }, workers)
      : onThisThread(data, preparation)
  try {
    const coming = orders(images, options)
    const queue: Promise<TrainingBatch>[] = []
    const fill = (): void => {
      while (queue.length < ahead) {
        const { value: order } = coming.next()
        if (order === undefined) return
        const { epoch, index, indices } = order
        const batch = loader.load({ epoch, indices }).then(loaded => ({ epoch, index, ...loaded }))
        // A failure is reported when its turn comes; until then it must not count as unhandled.
        batch.catch(() => {})
        queue.push(batch)
      }
    }
    fill()
    while (queue.length > 0 && signal?.aborted !== true) {
      const batch = await (queue.shift() as Promise<TrainingBatch>)
      fill()
      yield batch
    }
  } finally {
    await loader.close()
  }
}
