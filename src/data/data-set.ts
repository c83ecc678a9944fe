import { either as E } from 'fp-ts'
import type { Pair } from '../../ir/index.ts'
import { orThrow } from '../base/error.ts'
import type { DataProblem } from './error.ts'
import { fitImages, fitWhole, type NamedImage } from './fit-images.ts'
import type { Cut, Preprocess } from './preprocess.ts'
import { type FittedTarget, fitTarget, type Target, type TargetKind } from './target.ts'

/** One image as a data set has it. */
export interface Example extends NamedImage {
  readonly label?: number
  readonly target?: Target
}

/** Images on disk or made up, read when they are asked for. */
export interface DataSet {
  readonly name: string
  readonly count: number
  readonly labelled: boolean
  /** What its images have to hold answers against, where that is no class. */
  readonly targets?: TargetKind | undefined
  /** Of targets that are numbers: what each is called. */
  readonly columns?: readonly string[] | undefined
  /** Of targets that are images: how many times as large they are as those that are fed, where that is known. */
  readonly times?: number | undefined
  /** How many classes its labels tell apart, where it knows. */
  readonly classCount?: number
  readonly classes?: readonly string[]
  /** Of a folder a class: all its folders by code point, those without images too; `classes` are those with images. */
  readonly folders?: readonly string[]
  /** Where its images lie, whose names begin with it. */
  readonly folder?: string | undefined
  /** What its owner may not know of it, a sentence each: what was passed over, and how its classes were numbered. */
  readonly notes?: readonly string[]
  /** A file of labels that lies among its images and is not read. */
  readonly labelsFile?: string | undefined
  /** Its labels are below this, where no more is known of them. */
  readonly labelsBelow?: number
  /** What networks for this data set are trained on; `undefined` for folders of images. */
  readonly preprocess?: Preprocess
  /** Images from one number up to another, without the latter. */
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

/** An image that cannot be read or decoded, and why. */
export interface Skipped {
  /** Its number in the data set. */
  readonly index: number
  readonly problem: DataProblem
}

/** Problems of one image, for which the others need not wait. */
export const isOfOneImage = ({ tag }: DataProblem): boolean => tag === 'unreadable-image' || tag === 'unreadable-file'

/** Images of a data set, with their numbers in it, and those that could not be had. */
export interface Readable {
  readonly examples: readonly (Example & { readonly index: number })[]
  readonly skipped: readonly Skipped[]
}

/** Images anywhere in a data set but for those that cannot be read. Left: a problem that is not of one image. */
export const readableAt = async (
  data: DataSet,
  indices: readonly number[],
): Promise<E.Either<DataProblem, Readable>> => {
  const numbered = E.map((examples: readonly Example[]) => examples.map((each, k) => ({ ...each, index: indices[k] })))
  const whole = numbered(await examplesAt(data, indices))
  if (E.isRight(whole)) return E.right({ examples: whole.right, skipped: [] })
  if (!isOfOneImage(whole.left)) return whole
  if (indices.length === 1) return E.right({ examples: [], skipped: [{ index: indices[0], problem: whole.left }] })
  const each = await Promise.all(indices.map(index => readableAt(data, [index])))
  return E.map((read: readonly Readable[]) => ({
    examples: read.flatMap(({ examples }) => examples),
    skipped: read.flatMap(({ skipped }) => skipped),
  }))(E.sequenceArray(each))
}

/** `n` preprocessed images, `[n, h, w, c]`: those from number `first` of the data set on, but for what is skipped. */
export interface Batch {
  readonly first: number
  readonly n: number
  /** The number of each image in the data set. */
  readonly indices: readonly number[]
  readonly skipped: readonly Skipped[]
  readonly images: Float32Array
  /** Height and width, where the image is alone and has its own. */
  readonly size?: Pair | undefined
  /** As many as images, where the data set has targets. */
  readonly targets?: readonly FittedTarget[] | undefined
  /** As many as images, where the data set is labelled. */
  readonly labels?: readonly number[]
  readonly names: readonly string[]
}

export interface BatchOptions {
  /** One, where each image has its own extents. */
  readonly batch: number
  readonly preprocess: Cut
  /** Targets that are images are so many times as large as those that are fed. Default 1. */
  readonly times?: number | undefined
  /** Read ahead no further than this many batches. Default 2. */
  readonly ahead?: number
  /** Begins with this image. Default 0, the first. */
  readonly first?: number
  /** Ends before this one. */
  readonly limit?: number
  /** Leaves images out that cannot be read or decoded, where it would throw. */
  readonly skip?: boolean
  readonly signal?: AbortSignal
}

type Preparing = Pick<BatchOptions, 'preprocess' | 'times' | 'skip'>

const targetsOf = async (
  data: DataSet,
  examples: readonly Example[],
  { preprocess, times = 1 }: Preparing,
): Promise<E.Either<DataProblem, readonly FittedTarget[] | undefined>> => {
  if (data.targets === undefined) return E.right(undefined)
  const targets = examples.map(({ target }) => target as Target)
  return E.sequenceArray(await Promise.all(targets.map(target => fitTarget(target, preprocess, times))))
}

/** Images that are cut alike, or one alone as it is. */
const fedBy = async (
  examples: readonly Example[],
  preprocess: Cut,
): Promise<E.Either<DataProblem, Pick<Batch, 'images' | 'size'>>> =>
  preprocess.own === true
    ? fitWhole(examples[0], preprocess)
    : E.map((images: Float32Array) => ({ images }))(await fitImages(examples, preprocess))

const readWhole = async (
  data: DataSet,
  first: number,
  to: number,
  preparing: Preparing,
): Promise<E.Either<DataProblem, Batch>> => {
  const examples = await data.read(first, to)
  if (E.isLeft(examples)) return examples
  const { right } = examples
  const fed = await fedBy(right, preparing.preprocess)
  if (E.isLeft(fed)) return fed
  const targets = await targetsOf(data, right, preparing)
  return E.map(
    (fitted: Batch['targets']): Batch => ({
      first,
      n: right.length,
      indices: right.map((_, k) => first + k),
      skipped: [],
      ...fed.right,
      targets: fitted,
      labels: data.labelled ? right.map(example => example.label as number) : undefined,
      names: right.map(example => example.where),
    }),
  )(targets)
}

/** One batch of several. */
const joined = (first: number, parts: readonly Batch[]): Batch => {
  const images = new Float32Array(parts.reduce((length, part) => length + part.images.length, 0))
  let at = 0
  for (const part of parts) {
    images.set(part.images, at)
    at += part.images.length
  }
  return {
    first,
    n: parts.reduce((n, part) => n + part.n, 0),
    indices: parts.flatMap(({ indices }) => indices),
    skipped: parts.flatMap(({ skipped }) => skipped),
    images,
    targets: parts.every(({ targets }) => targets !== undefined)
      ? parts.flatMap(({ targets = [] }) => targets)
      : undefined,
    labels: parts.every(({ labels }) => labels !== undefined) ? parts.flatMap(({ labels = [] }) => labels) : undefined,
    names: parts.flatMap(({ names }) => names),
  }
}

/** What to do about an image where none is skipped. */
const onTheSameImages =
  'take that file out: what is compared is compared on the same images; espalier run skips such files and names each'

const readBatch = async (data: DataSet, first: number, to: number, options: Preparing): Promise<Batch> => {
  const whole = await readWhole(data, first, to, options)
  if (E.isRight(whole) || !isOfOneImage(whole.left)) return orThrow(whole)
  if (options.skip !== true)
    return orThrow(
      whole.left.tag === 'unreadable-image'
        ? E.left({ ...whole.left, hint: whole.left.hint ?? onTheSameImages })
        : whole,
    )
  if (to - first === 1)
    return {
      ...{ first, n: 0, indices: [], names: [], images: new Float32Array(0) },
      labels: data.labelled ? [] : undefined,
      targets: data.targets === undefined ? undefined : [],
      skipped: [{ index: first, problem: whole.left }],
    }
  const parts: Batch[] = []
  for (let index = first; index < to; index++) parts.push(await readBatch(data, index, index + 1, options))
  return joined(first, parts)
}

/**
 * The batches of a data set in order, the last one shorter where it must be. Decoding runs ahead of the reader, by a
 * bounded number of batches.
 *
 * @throws EspalierError where a file cannot be read or decoded and is not to be skipped.
 */
export async function* batches(
  data: DataSet,
  { batch, ahead = 2, first = 0, limit = data.count, signal, ...options }: BatchOptions,
): AsyncGenerator<Batch> {
  const count = Math.min(limit, data.count)
  const queue: Promise<Batch>[] = []
  let next = first
  const fill = (): void => {
    for (; queue.length < ahead && next < count; next += batch) {
      const reading = readBatch(data, next, Math.min(next + batch, count), options)
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
