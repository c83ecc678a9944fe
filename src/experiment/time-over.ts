import { batches, type DataSet, type Preprocess } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import { type Clock, median, race, type Spread, spreadOf } from '../execute/race.ts'

/** A few batches, so that images are gathered across them, and images enough that their shares are not those of a few. */
const least = { batches: 4, images: 128 } as const
const course = { rounds: 5, least: 3, seconds: 10 } as const

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
    relative: { median: median(over('median')), min: Math.min(...over('min')), max: Math.max(...over('max')) },
  }
}

async function* each(images: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* images
}

/** The first few batches of a data set go through two models in turns, as evaluations send them: what the one takes over the other. */
export const timeOver = async (
  model: Pick<Model, 'predictEach'>,
  plain: Pick<Model, 'predictEach'>,
  { data, preprocess }: { readonly data: DataSet; readonly preprocess: Preprocess },
  { batch, limit, clock }: { readonly batch: number; readonly limit: number; readonly clock?: Clock },
): Promise<TimeOver> => {
  const read: Float32Array[] = []
  let images = 0
  for await (const one of batches(data, {
    batch,
    preprocess,
    limit: Math.min(limit, Math.max(least.batches * batch, least.images)),
    skip: true,
  })) {
    images += one.n
    if (one.n > 0) read.push(one.images)
  }
  const racer = ({ predictEach }: Pick<Model, 'predictEach'>) => ({
    run: async () => {
      for await (const _ of predictEach(each(read)));
    },
  })
  const [times, over] = await race([racer(model), racer(plain)], { ...course, clock })
  return { images, relative: spreadOf(times.map((time, k) => time / over[k])) }
}
