import { medianOf } from '../base/statistics.ts'
import { batches, type DataSet, type Preprocess } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import { type Clock, race, type Spread, spreadOf } from '../execute/race.ts'

/** A few batches, so that images are gathered across them, and images enough that their shares are not those of a few. */
const least = { batches: 4, images: 128 } as const
const course = { rounds: 5, least: 3, seconds: 10 } as const

/** How many images are timed, where there are so many. */
export const timedImages = ({ batch, limit }: { readonly batch: number; readonly limit: number }): number =>
  Math.min(limit, Math.max(least.batches * batch, least.images))

/** How long a model takes beside another one, on some images. */
export interface TimeOver {
  readonly images: number
  /** Of the ratios, round by round. */
  readonly relative: Spread
}

/** Of the parts of a whole that were timed each: the median of their medians. */
export const joinTimes = (parts: readonly TimeOver[]): TimeOver => {
  const over = (of: keyof Spread): readonly number[] => parts.map(({ relative }) => relative[of])
  return {
    images: parts.reduce((sum, { images }) => sum + images, 0),
    relative: { median: medianOf(over('median')), min: Math.min(...over('min')), max: Math.max(...over('max')) },
  }
}

async function* each(images: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* images
}

/** Images as a model takes them. */
export interface Timed {
  readonly data: DataSet
  readonly preprocess: Preprocess
}

interface TimedSizes {
  readonly batch: number
  readonly limit: number
  readonly clock?: Clock
}

const readBatches = async (
  { data, preprocess }: Timed,
  batch: number,
  limit: number,
): Promise<readonly Float32Array[]> => {
  const read: Float32Array[] = []
  // What answers are held against takes time to read and is not needed here.
  const alone = { ...data, targets: undefined }
  for await (const { n, images } of batches(alone, { batch, preprocess, limit, skip: true }))
    if (n > 0) read.push(images)
  return read
}

/** The first few batches of a data set go through two models in turns, as evaluations send them: what the one takes over the other. */
export const timeOver = async (
  model: Pick<Model, 'predictEach'>,
  plain: Pick<Model, 'predictEach'>,
  images: Timed,
  sizes: TimedSizes,
): Promise<TimeOver> => {
  const { count, times } = await timesInTurns([model, plain], [images, images], sizes)
  const [own, over] = times
  return { images: count, relative: spreadOf(own.map((time, k) => time / over[k])) }
}

/** Milliseconds that models take in turns for the first few batches of a data set, round by round, each fed as it takes them. */
export const timesInTurns = async (
  models: readonly Pick<Model, 'predictEach'>[],
  timed: readonly Timed[],
  { clock, ...sizes }: TimedSizes,
): Promise<{ readonly count: number; readonly times: readonly (readonly number[])[] }> => {
  const read = new Map<Timed, readonly Float32Array[]>()
  for (const one of new Set(timed)) read.set(one, await readBatches(one, sizes.batch, timedImages(sizes)))
  const racers = models.map(({ predictEach }, k) => ({
    run: async () => {
      for await (const _ of predictEach(each(read.get(timed[k]) as readonly Float32Array[])));
    },
  }))
  const { size, channels = 3 } = timed[0].preprocess
  const numbers = (read.get(timed[0]) as readonly Float32Array[]).reduce((sum, { length }) => sum + length, 0)
  return { count: numbers / (size[0] * size[1] * channels), times: await race(racers, { ...course, clock }) }
}
