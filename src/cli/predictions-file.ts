import { open, rm } from 'node:fs/promises'
import { cannotWrite } from '../base/error.ts'
import { besidePath, putInPlace, sweepBeside } from '../base/put-in-place.ts'
import type { Batch, Skipped } from '../data/index.ts'
import type { Prediction } from '../execute/prediction.ts'
import { bestClass, isAnswer } from '../execute/score.ts'
import { toldOutputs } from '../execute/told.ts'

export interface PredictionsFile {
  readonly write: (batch: Batch, prediction: Prediction) => Promise<void>
  /** Gives the file its name: until then what stood there stands. */
  readonly finish: () => Promise<void>
  readonly discard: () => Promise<void>
}

const lineOf = (batch: Batch, row: number, prediction: Prediction, names: readonly string[] | undefined): string => {
  const { logits, classes: width, outputs, stages, certainty, margin, entropy, disagreement } = prediction
  const predicted = isAnswer(logits, row, width) ? bestClass(logits, row, width) : null
  const others = width === 0 || Object.keys(outputs).length > 1
  return `${JSON.stringify({
    index: batch.indices[row],
    image: batch.names[row],
    label: batch.labels?.[row] ?? null,
    predicted,
    class: predicted === null ? null : (names?.[predicted] ?? null),
    ...{ stage: stages[row], certainty: certainty[row], margin: margin[row], entropy: entropy[row] },
    disagreement: Number.isNaN(disagreement[row]) ? undefined : disagreement[row],
    outputs: others ? toldOutputs(prediction, row, names, width) : undefined,
    logits: Array.from(logits.subarray(row * width, (row + 1) * width)),
  })}\n`
}

/** Of an image that could not be read or decoded. */
const skippedLine = ({ index, problem: { where, seen } }: Skipped): string =>
  `${JSON.stringify({
    ...{ index, image: where, label: null, predicted: null, class: null },
    ...{ stage: null, certainty: null, margin: null, entropy: null, logits: null, error: seen },
  })}\n`

/** Opens a file of predictions, a line of JSON an image, in order; those that were skipped have an `error`. @throws EspalierError */
export const predictionsFile = async (path: string, names: readonly string[] | undefined): Promise<PredictionsFile> => {
  await sweepBeside(path)
  const made = await besidePath(path, 'new')
  const orCannotWrite = <A>(task: Promise<A>): Promise<A> =>
    task.catch(error => {
      throw cannotWrite(path, error)
    })
  const file = await orCannotWrite(open(made, 'wx'))
  return {
    write: async (batch, prediction) => {
      const lines = [
        ...batch.indices.map((index, row) => [index, lineOf(batch, row, prediction, names)] as const),
        ...batch.skipped.map(each => [each.index, skippedLine(each)] as const),
      ]
      const ordered = lines.sort(([a], [b]) => a - b).map(([, line]) => line)
      await orCannotWrite(file.appendFile(ordered.join('')))
    },
    finish: async () => {
      await orCannotWrite(file.close())
      await orCannotWrite(putInPlace(made, path))
    },
    discard: async () => {
      await file.close().catch(() => {})
      await rm(made, { force: true })
    },
  }
}
