import { EspalierError } from '../../ir/index.ts'
import type { FixedPlan } from '../../passes/index.ts'
import type { Batch, DataSet, Preprocess, Skipped } from '../data/index.ts'
import { evaluateData, type Unanswered } from '../execute/evaluate-data.ts'
import type { Prediction } from '../execute/prediction.ts'
import { joinSums, type MeasuredSum, sumOfBatch, valuesOf } from '../measures/index.ts'
import type { Measured } from '../network/fit-targets.ts'
import type { Network } from '../network/network.ts'
import { trainingProblem } from './error.ts'
import type { Validation } from './events.ts'
import { openCompiled } from './open-compiled.ts'
import type { OpenStep } from './step.ts'

export interface ValidateOptions {
  readonly batch: number
  readonly preprocess: Preprocess
  /** What is measured of a network that is no classifier. */
  readonly measured?: Measured | undefined
  readonly seed: number
  readonly signal?: AbortSignal
}

/** How a network did, and the images that could not be decoded. */
export interface Validated {
  readonly validation: Validation
  readonly skipped: readonly Skipped[]
}

const diverged = ({ images, first }: Unanswered, of: number) =>
  trainingProblem(
    'not-finite',
    'validation',
    `scores that are no numbers, of ${images} of ${of} images, first of ${first[0]}`,
    'finite scores',
    'a lower --learning-rate, or gradient_clipping in the recipe; the last checkpoint is as it was',
  )

/** How a network does on images under a plan, compiled anew, where its training runs; null where it was interrupted. */
export const validate = async (
  network: Network,
  plan: FixedPlan,
  data: DataSet,
  where: Pick<OpenStep, 'backend' | 'executor'>,
  { seed, measured, ...options }: ValidateOptions,
): Promise<Validated | null> => {
  const { batch, preprocess } = options
  const runner = await openCompiled(network, plan, where, { seed, batch })
  try {
    const sums: MeasuredSum[] = []
    const onBatch = (read: Batch, prediction: Prediction): void => {
      const sum = measured && sumOfBatch(measured, read, prediction, preprocess)
      if (sum !== undefined) sums.push(sum)
    }
    const { images, wrong, skipped, unanswered, interrupted } = await evaluateData(runner, data, {
      ...options,
      times: measured?.times,
      onBatch,
    })
    if (unanswered.images > 0) throw new EspalierError([diverged(unanswered, images)], 'failure')
    if (interrupted) return null
    const sum = joinSums(sums)
    const how =
      sum === undefined ? { errorPercent: (100 * wrong) / images } : { errorPercent: null, measures: valuesOf(sum) }
    return { validation: { images, ...how }, skipped }
  } finally {
    runner.dispose()
  }
}
