import { either as E } from 'fp-ts'
import { orThrow } from '../error.ts'
import type { DataProblem } from './error.ts'
import { fitImages, type NamedImage } from './fit-images.ts'
import type { Preprocess } from './preprocess.ts'

/** One image as a data set has it. */
export interface Example extends NamedImage {
  readonly label?: number
}

/** Images on disk or made up, read when they are asked for. */
export interface DataSet {
  readonly name: string
  readonly count: number
  readonly labelled: boolean
  /** How many classes its labels tell apart, where it knows. */
  readonly classCount?: number
  readonly classes?: readonly string[]
  /** Of a folder a class: all its folders by code point, those without images too; `classes` are those with images. */
  readonly folders?: readonly string[]
  /** What its owner may not know of it, a sentence each: what was passed over, and how its classes were numbered. */
  readonly notes?: readonly string[]
  /** Its labels are below this, where no more is known of them. */
  readonly labelsBelow?: number
  /** What networks for this data set are trained on; `undefined` for folders of images. */
  readonly preprocess?: Preprocess
  readonly read: (from: number, to: number) => Promise<E.Either<DataProblem, readonly Example[]>>
  /** A hash of what its images are called and of their labels: not of pixels, nor of where they lie. */
  readonly identity?: () => Promise<E.Either<DataProblem, string>>
  /** Images anywhere in it, in the order asked for, where that is faster than to read each. */
  readonly pick?: (indices: readonly number[]) => Promise<E.Either<DataProblem, readonly Example[]>>
}

/** Images anywhere in a data set, in the order asked for. Left: the first that cannot be read. */
export const examplesAt = async (
  data: DataSet,
  indices: readonly number[],
): Promise<E.Either<DataProblem, readonly Example[]>> => {
  if (data.pick !== undefined) return data.pick(indices)
  const read = await Promise.all(indices.map(index => data.read(index, index + 1)))
  return E.map((examples: readonly (readonly Example[])[]) => examples.flat())(E.sequenceArray(read))
}

/** `n` preprocessed images, `[n, h, w, 3]`, from number `first` of the data set on. */
export interface Batch {
  readonly first: number
  readonly n: number
  readonly images: Float32Array
  /** As many as images, where the data set is labelled. */
  readonly labels?: readonly number[]
  readonly names: readonly string[]
}

export interface BatchOptions {
  readonly batch: number
  readonly preprocess: Preprocess
  /** Read ahead no further than this many batches. Default 2. */
  readonly ahead?: number
  readonly limit?: number
  readonly signal?: AbortSignal
}

const readBatch = async (data: DataSet, first: number, to: number, preprocess: Preprocess): Promise<Batch> => {
  const examples = orThrow(await data.read(first, to))
  return {
    first,
    n: examples.length,
    images: orThrow(await fitImages(examples, preprocess)),
    ...(data.labelled ? { labels: examples.map(example => example.label as number) } : {}),
    names: examples.map(example => example.where),
  }
}

/**
 * The batches of a data set in order, the last one shorter where it must be. Decoding runs ahead of the reader, by a
 * bounded number of batches.
 *
 * @throws EspalierError where a file cannot be read or decoded.
 */
export async function* batches(
  data: DataSet,
  { batch, preprocess, ahead = 2, limit = data.count, signal }: BatchOptions,
): AsyncGenerator<Batch> {
  const count = Math.min(limit, data.count)
  const queue: Promise<Batch>[] = []
  let next = 0
  const fill = (): void => {
    for (; queue.length < ahead && next < count; next += batch) {
      const reading = readBatch(data, next, Math.min(next + batch, count), preprocess)
      // A failure is reported when its turn comes; until then it must not count as unhandled.
      reading.catch(() => {})
      queue.push(reading)
    }
  }
  fill()
  while (queue.length > 0 && signal?.aborted !== true) {
    const ready = await (queue.shift() as Promise<Batch>)
    fill()
    // Where nothing else waits for anything outside, an interrupt would never be heard.
    await new Promise(resolve => setImmediate(resolve))
    yield ready
  }
}
