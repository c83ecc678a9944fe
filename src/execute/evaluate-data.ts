import { EspalierError } from '../../ir/index.ts'
import { type Batch, batches, type DataSet, type Preprocess, type Skipped } from '../data/index.ts'
import type { Model, Prediction } from './model.ts'
import { rankOf, unanswered } from './score.ts'

/** Images whose scores are no numbers. */
export interface Unanswered {
  readonly images: number
  /** The names of the first few. */
  readonly first: readonly string[]
}

const namedAtMost = 5

/** What an evaluation found. */
export interface Evaluation {
  readonly images: number
  readonly wrong: number
  readonly wrongTop5: number
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
  readonly preprocess: Preprocess
  readonly limit?: number
  readonly signal?: AbortSignal
  /** Called after each batch, in order. */
  readonly onBatch?: (batch: Batch, prediction: Prediction) => void | Promise<void>
}

const problemsShown = 3
const nothing: Prediction = { n: 0, classes: 0, probabilities: new Float32Array(0), logits: new Float32Array(0) }

/**
 * Runs a model over a data set, decoding ahead of it, and counts wrong answers where the data is labelled. Images that cannot be decoded are skipped.
 *
 * @throws EspalierError where none can be
 */
export const evaluateData = async (
  model: Pick<Model, 'predict'>,
  data: DataSet,
  { onBatch, ...options }: EvaluateOptions,
): Promise<Evaluation> => {
  let [images, wrong, wrongTop5, none] = [0, 0, 0, 0]
  const skipped: Skipped[] = []
  const first: string[] = []
  const begun = performance.now()
  for await (const batch of batches(data, { ...options, skip: true })) {
    const prediction = batch.n === 0 ? nothing : await model.predict(batch.images)
    batch.labels?.forEach((label, row) => {
      const rank = rankOf(prediction.logits, row, prediction.classes, label)
      if (rank > 0) wrong++
      if (rank > 4) wrongTop5++
    })
    const without = unanswered(prediction.logits, prediction.classes)
    none += without.length
    first.push(...without.slice(0, namedAtMost - first.length).map(row => batch.names[row] ?? `${batch.first + row}`))
    images += batch.n
    skipped.push(...batch.skipped)
    await onBatch?.(batch, prediction)
  }
  if (images === 0 && skipped.length > 0)
    throw new EspalierError(skipped.slice(0, problemsShown).map(({ problem }) => problem))
  return {
    images,
    wrong,
    wrongTop5,
    skipped,
    unanswered: { images: none, first },
    seconds: (performance.now() - begun) / 1000,
    interrupted: options.signal?.aborted === true,
  }
}
