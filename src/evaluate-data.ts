import { type Batch, batches, type DataSet, type Preprocess } from './data/index.ts'
import type { Prediction, Runner } from './runner.ts'
import { rankOf } from './score.ts'

/** What an evaluation found. */
export interface Evaluation {
  readonly images: number
  readonly wrong: number
  readonly wrongTop5: number
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

/** Runs a model over a data set, decoding ahead of it, and counts wrong answers where the data is labelled. */
export const evaluateData = async (
  runner: Runner,
  data: DataSet,
  { onBatch, ...options }: EvaluateOptions,
): Promise<Evaluation> => {
  let [images, wrong, wrongTop5] = [0, 0, 0]
  const begun = performance.now()
  for await (const batch of batches(data, options)) {
    const prediction = await runner.predict(batch.images)
    batch.labels?.forEach((label, row) => {
      const rank = rankOf(prediction.logits, row, prediction.classes, label)
      if (rank > 0) wrong++
      if (rank > 4) wrongTop5++
    })
    images += batch.n
    await onBatch?.(batch, prediction)
  }
  return {
    images,
    wrong,
    wrongTop5,
    seconds: (performance.now() - begun) / 1000,
    interrupted: options.signal?.aborted === true,
  }
}
