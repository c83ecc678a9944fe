import type { DataProblem } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import { type EvaluateOptions, type EvaluationResult, evaluate } from '../experiment/evaluation.ts'
import type { Images } from '../open/images.ts'
import { untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'
import { predictionLines } from './prediction-lines.ts'
import { predictionTable } from './prediction-table.ts'
import { type PredictionsFile, predictionsFile } from './predictions-file.ts'
import { imageParts, progressBar } from './progress-bar.ts'
import { answersFolder } from './written-answers.ts'

/** Where a line an image goes, JSON and CSV, and a folder for what comes out. */
export interface PredictionPaths {
  readonly write?: string | undefined
  readonly predictions?: string | undefined
  readonly csv?: string | undefined
}

export interface WatchOptions extends Pick<EvaluateOptions, 'range' | 'top' | 'strict'>, PredictionPaths {
  readonly batch: number
  readonly limit: number
}

/** On an image that is left out. */
export const skippedNote = ({ where, seen }: DataProblem): string => `Skipped ${where}: ${seen}.`

const openFiles = async (
  { stages }: Pick<Model, 'stages'>,
  { data, preprocess, classes: names }: Images,
  { predictions, csv, write, top = 1 }: PredictionPaths & Pick<WatchOptions, 'top'>,
): Promise<readonly PredictionsFile[]> => {
  const columns = { names, top, labelled: data.labelled, staged: stages !== undefined }
  return [
    ...(predictions === undefined ? [] : [await predictionsFile(predictions, predictionLines(names))]),
    ...(csv === undefined ? [] : [await predictionsFile(csv, predictionTable(columns))]),
    ...(write === undefined ? [] : [await answersFolder(write, data, preprocess)]),
  ]
}

/** Evaluates with a progress bar on a terminal. Interrupted, it keeps what is done: whole batches, in the files of predictions too. */
export const watchEvaluation = async (
  model: Pick<Model, 'predictEach' | 'stages' | 'outputs'>,
  images: Images,
  out: Output,
  { predictions, csv, write, ...options }: WatchOptions,
): Promise<EvaluationResult> => {
  const files = await openFiles(model, images, { predictions, csv, write, top: options.top })
  const bar = progressBar(out, imageParts)
  const [from, to] = options.range ?? [0, options.limit]
  bar.at(0, to - from)
  try {
    const done = await untilInterrupted(signal =>
      evaluate(model, images, {
        ...options,
        signal,
        onProgress: ({ done, total }) => bar.at(done, total),
        onBatch: async (batch, prediction) => {
          for (const { problem } of batch.skipped) out.note(skippedNote(problem))
          for (const file of files) await file.write(batch, prediction)
        },
      }),
    )
    for (const file of files) await file.finish()
    return done
  } catch (error) {
    for (const file of files) await file.discard()
    throw error
  } finally {
    bar.stop()
  }
}
