import type { Batch, Skipped } from '../data/index.ts'
import type { Prediction } from '../execute/prediction.ts'
import { bestClass, isAnswer } from '../execute/score.ts'
import { toldOutputs } from '../execute/told.ts'
import type { PredictionFormat } from './predictions-file.ts'

const lineOf = (batch: Batch, row: number, prediction: Prediction, names: readonly string[] | undefined): string => {
  const { logits, classes: width, outputs, stages, certainty, margin, entropy, disagreement } = prediction
  const predicted = isAnswer(logits, row, width) ? bestClass(logits, row, width) : null
  const others = width === 0 || Object.keys(outputs).length > 1
  return JSON.stringify({
    index: batch.indices[row],
    image: batch.names[row],
    label: batch.labels?.[row] ?? null,
    predicted,
    class: predicted === null ? null : (names?.[predicted] ?? null),
    probability: predicted === null ? null : prediction.probabilities[row * width + predicted],
    ...{ stage: stages[row], certainty: certainty[row], margin: margin[row], entropy: entropy[row] },
    disagreement: Number.isNaN(disagreement[row]) ? undefined : disagreement[row],
    outputs: others ? toldOutputs(prediction, row, names, width) : undefined,
    logits: Array.from(logits.subarray(row * width, (row + 1) * width)),
  })
}

const skippedLine = ({ index, problem: { where, seen } }: Skipped): string =>
  JSON.stringify({
    ...{ index, image: where, label: null, predicted: null, class: null, probability: null },
    ...{ stage: null, certainty: null, margin: null, entropy: null, logits: null, error: seen },
  })

/** A line of JSON an image; those that were skipped have an `error`. */
export const predictionLines = (names: readonly string[] | undefined): PredictionFormat => ({
  lineOf: (batch, row, prediction) => lineOf(batch, row, prediction, names),
  skippedLine,
})
