import { EspalierError } from '../../ir/index.ts'
import { type Batch, batches, type Cut, channelsOf, type DataSet, type Skipped } from '../data/index.ts'
import type { TensorLike } from './inputs.ts'
import type { Model } from './model.ts'
import { type Prediction, predictionOf, unansweredRows } from './prediction.ts'
import { rankOf } from './score.ts'

/** Images whose scores are no numbers. */
export interface Unanswered {
  readonly images: number
  /** The names of the first few. */
  readonly first: readonly string[]
}

/** So many of the images without an answer are named. */
export const namedAtMost = 5

/** What an evaluation found. */
export interface Evaluation {
  readonly images: number
  readonly wrong: number
  readonly wrongTop5: number
  /** How many images reached each stage of the plan; all of them the first. */
  readonly reached: readonly number[]
  /** Images that could not be read or decoded, which are not among the others. */
  readonly skipped: readonly Skipped[]
  /** Images whose scores are no numbers, so that there is no answer; where there are labels, counted as wrong. */
  readonly unanswered: Unanswered
  /** From the first read to the last answer. */
  readonly seconds: number
  readonly interrupted: boolean
}

export interface EvaluateOptions {
  readonly batch: number
  readonly preprocess: Cut
  /** Of targets that are images: how many times as large as what is fed. */
  readonly times?: number | undefined
  readonly limit?: number
  /** The images from one number up to another alone, of which none need be readable: a part of a larger evaluation. */
  readonly range?: readonly [from: number, to: number]
  /** Whether an image that cannot be read or decoded is an error. */
  readonly strict?: boolean | undefined
  readonly signal?: AbortSignal
  /** Called after each batch, in order. */
  readonly onBatch?: (batch: Batch, prediction: Prediction) => void | Promise<void>
}

const problemsShown = 3
const none = new Float32Array(0)
const nothing = predictionOf({ outputs: [], stages: new Uint8Array(0), certainty: none, variants: [] }, [], [])

/** What a model is fed: numbers, or a tensor where the image has extents of its own. */
const fedOf = ({ images, size }: Batch, preprocess: Cut): Float32Array | TensorLike =>
  size === undefined ? images : { shape: [1, ...size, channelsOf(preprocess)], data: () => Promise.resolve(images) }

/**
 * Runs a model over a data set, decoding ahead of it, and counts wrong answers where the data is labelled. Images that cannot be decoded are skipped.
 *
 * @throws EspalierError where none can be, or `strict` asks for all
 */
export const evaluateData = async (
  model: Pick<Model, 'predictEach' | 'stages'>,
  data: DataSet,
  { onBatch, range, strict = false, ...options }: EvaluateOptions,
): Promise<Evaluation> => {
  let [images, wrong, wrongTop5, none] = [0, 0, 0, 0]
  const reached = (model.stages ?? [null]).map(() => 0)
  const skipped: Skipped[] = []
  const first: string[] = []
  const begun = performance.now()
  const read: Batch[] = []
  const refuse = (all: readonly Skipped[]): never => {
    throw new EspalierError(all.slice(0, problemsShown).map(({ problem }) => problem))
  }
  const found = async (batch: Batch, prediction: Prediction): Promise<void> => {
    if (strict && batch.skipped.length > 0) refuse(batch.skipped)
    const labels = data.labelled ? batch.labels : undefined
    labels?.forEach((label, row) => {
      const rank = rankOf(prediction.logits, row, prediction.classes, label)
      if (rank > 0) wrong++
      if (rank > 4) wrongTop5++
    })
    const without = unansweredRows(prediction)
    none += without.length
    first.push(...without.slice(0, namedAtMost - first.length).map(row => batch.names[row] ?? `${batch.first + row}`))
    images += batch.n
    skipped.push(...batch.skipped)
    for (const last of prediction.stages) for (let stage = 0; stage < last; stage++) reached[stage]++
    await onBatch?.(batch, prediction)
  }
  const foundEmpty = async (): Promise<void> => {
    for (let [first] = read; first?.n === 0; [first] = read) {
      read.shift()
      await found(first, nothing)
    }
  }
  const [from, to] = range ?? [0, options.limit]
  const given = async function* () {
    for await (const batch of batches(data, { ...options, first: from, limit: to, skip: true })) {
      read.push(batch)
      if (batch.n > 0) yield fedOf(batch, options.preprocess)
    }
  }
  for await (const prediction of model.predictEach(given())) {
    await foundEmpty()
    await found(read.shift() as Batch, prediction)
  }
  await foundEmpty()
  if (images === 0 && skipped.length > 0 && range === undefined) refuse(skipped)
  return {
    images,
    wrong,
    wrongTop5,
    reached,
    skipped,
    unanswered: { images: none, first },
    seconds: (performance.now() - begun) / 1000,
    interrupted: options.signal?.aborted === true,
  }
}
