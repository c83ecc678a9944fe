import type { DataProblem } from '../data/index.ts'
import type { Model } from '../execute/model.ts'
import { type EvaluationResult, evaluate } from '../experiment/evaluation.ts'
import type { Images } from '../open/images.ts'
import { untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'
import { predictionsFile } from './predictions-file.ts'
import { imagesFormat, progressBar } from './progress-bar.ts'

export interface WatchOptions {
  readonly batch: number
  readonly limit: number
  /** Of a shard: its images, from, to. */
  readonly range?: readonly [from: number, to: number] | undefined
  /** Where a line an image goes. */
  readonly predictions?: string
}

/** On an image that is left out. */
export const skippedNote = ({ where, seen }: DataProblem): string => `Skipped ${where}: ${seen}.`

/** Evaluates with a progress bar on a terminal. Interrupted, it keeps what is done: whole batches, in the file of predictions too. */
export const watchEvaluation = async (
  model: Pick<Model, 'predictEach' | 'stages' | 'outputs'>,
  images: Images,
  out: Output,
  { predictions, ...options }: WatchOptions,
): Promise<EvaluationResult> => {
  const file = predictions === undefined ? undefined : await predictionsFile(predictions, images.classes)
  const bar = progressBar(out, imagesFormat)
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
          await file?.write(batch, prediction)
        },
      }),
    )
    await file?.finish()
    return done
  } catch (error) {
    await file?.discard()
    throw error
  } finally {
    bar.stop()
  }
}
