import { either as E } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'
import { fitImage, type ImageInput } from './image.ts'
import { normalizeInto, type Preprocess } from './preprocess.ts'

/** One image as a data set has it. */
export interface Example {
  readonly image: ImageInput
  readonly label?: number
  /** A file, or a data set's name and a number. */
  readonly where: string
}

/** Images on disk or made up, read when they are asked for. */
export interface DataSet {
  readonly name: string
  readonly count: number
  readonly labelled: boolean
  /** How many classes its labels tell apart, where it knows. */
  readonly classCount?: number
  readonly classes?: readonly string[]
  /** What networks for this data set are trained on; `undefined` for folders of images. */
  readonly preprocess?: Preprocess
  readonly read: (from: number, to: number) => Promise<E.Either<DataProblem, readonly Example[]>>
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

/** A decoded photograph takes up to 300 MB before it is resized: this, not the batch, bounds how many there are. */
const decodedAtOnce = 4

const orThrow = <A>(result: E.Either<DataProblem, A>): A => {
  if (E.isLeft(result)) throw new EspalierError([result.left])
  return result.right
}

const readBatch = async (data: DataSet, first: number, to: number, preprocess: Preprocess): Promise<Batch> => {
  const examples = orThrow(await data.read(first, to))
  const [h, w] = preprocess.size
  const images = new Float32Array(examples.length * h * w * 3)
  let next = 0
  const decodeInTurn = async (): Promise<void> => {
    while (next < examples.length) {
      const k = next++
      const { image, where } = examples[k]
      normalizeInto(orThrow(await fitImage(image, preprocess, where)), preprocess, images, k * h * w * 3)
    }
  }
  await Promise.all(Array.from({ length: decodedAtOnce }, decodeInTurn))
  return {
    first,
    n: examples.length,
    images,
    ...(data.labelled ? { labels: examples.map(example => example.label as number) } : {}),
    names: examples.map(example => example.where),
  }
}

/**
 * The batches of a data set in order, the last one shorter where it must be. Decoding runs ahead of the reader, by a bounded number of batches.
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
    yield ready
  }
}
