import { batches, type DataSet } from '../../data/index.ts'
import type { Images } from '../../open/images.ts'

/** Batches on which stages are timed; and one in so many of them where all images go through all stages. */
const [batchesAtMost, oneIn] = [16, 4]

/** Some of the images of a data set, in full batches from all over it. */
export interface Sample {
  readonly batches: readonly Float32Array[]
  /** Some of them. */
  readonly few: readonly Float32Array[]
  readonly has: (image: number) => boolean
}

const part = (data: DataSet, first: number, count: number): DataSet => ({
  ...data,
  count,
  read: (from, to) => data.read(first + from, first + to),
})

/** Reads images to time stages on: how many of them go on is what it is on all, nearly. @throws EspalierError where one cannot be read */
export const sampleOf = async ({ data, preprocess }: Images, batch: number): Promise<Sample> => {
  const size = Math.min(batch, data.count)
  const count = Math.min(batchesAtMost, Math.floor(data.count / size))
  const starts = Array.from({ length: count }, (_, k) => Math.floor((k * (data.count - size)) / Math.max(1, count - 1)))
  const read: Float32Array[] = []
  for (const start of starts)
    for await (const { images } of batches(part(data, start, size), { batch: size, preprocess })) read.push(images)
  const few = read.filter((_, k) => k % oneIn === 0)
  return { batches: read, few, has: image => starts.some(start => image >= start && image < start + size) }
}
