import type { DataProblem } from '../data/index.ts'
import { type Evaluation, evaluateData } from '../execute/evaluate-data.ts'
import type { Runner } from '../execute/runner.ts'
import type { Images } from '../open/images.ts'
import { answersOf, type ImageAnswer } from './answers.ts'
import { untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'
import { predictionsFile } from './predictions-file.ts'
import { imagesFormat, progressBar } from './progress-bar.ts'

export interface WatchOptions {
  readonly batch: number
  readonly limit: number
  /** Where a line an image goes. */
  readonly predictions: string | undefined
}

/** On an image that is left out. */
export const skippedNote = ({ where, seen }: DataProblem): string => `Skipped ${where}: ${seen}.`

export interface Watched extends Evaluation {
  /** Where there are no labels. */
  readonly answers: readonly ImageAnswer[]
}

/** Evaluates with a progress bar on a terminal. Interrupted, it keeps what is done: whole batches, in the file of predictions too. */
export const watchEvaluation = async (
  runner: Runner,
  { data, preprocess, classes: names }: Images,
  out: Output,
  { predictions, ...options }: WatchOptions,
): Promise<Watched> => {
  const file = predictions === undefined ? undefined : await predictionsFile(predictions, names)
  const bar = progressBar(out, imagesFormat)
  const answers: ImageAnswer[] = []
  bar.at(0, options.limit)
  try {
    const done = await untilInterrupted(signal =>
      evaluateData(runner, data, {
        ...options,
        preprocess,
        signal,
        onBatch: async (batch, prediction) => {
          bar.at(batch.first + batch.n + batch.skipped.length, options.limit)
          for (const { problem } of batch.skipped) out.note(skippedNote(problem))
          await file?.write(batch, prediction)
          if (!data.labelled) answers.push(...answersOf(batch, prediction, names))
        },
      }),
    )
    await file?.finish()
    return { ...done, answers }
  } catch (error) {
    await file?.discard()
    throw error
  } finally {
    bar.stop()
  }
}
