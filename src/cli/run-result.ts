import { count, ratio } from '../base/format.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { DataSet, Skipped } from '../data/index.ts'
import type { Unanswered } from '../execute/evaluate-data.ts'
import type { Runner } from '../execute/runner.ts'
import { wilsonPercent } from '../execute/score.ts'
import { answersShown, describeAnswer } from './answers.ts'
import type { Watched } from './evaluation.ts'
import { foundKeys } from './found-data.ts'

interface Ran {
  readonly compiled: CompiledNetwork
  readonly initializedFrom: number | undefined
  readonly runner: Runner
  readonly data: DataSet
  readonly done: Watched
  /** The same in float32, where another precision was asked for. */
  readonly float32: Watched | undefined
  readonly batch: number
}

const errorPercent = ({ wrong, images }: Watched): number => (100 * wrong) / images

const skippedKeys = ({ index, problem: { where, seen } }: Skipped) => ({ index, image: where, error: seen })

/** The keys of `run --json`: those of errors where there are labels, `answers` where there are none. */
export const runResult = ({ compiled, initializedFrom, runner, data, done, float32, batch }: Ran) => ({
  network: compiled.network,
  plan: compiled.plan,
  ...(initializedFrom === undefined ? {} : { initialized_from_seed: initializedFrom }),
  images: done.images,
  ...foundKeys(data),
  ...(data.labelled && done.images > 0
    ? {
        error_percent: errorPercent(done),
        top5_error_percent: (100 * done.wrongTop5) / done.images,
        error_interval_percent: wilsonPercent(done.wrong, done.images),
      }
    : {}),
  ...(done.unanswered.images > 0 ? { non_finite: done.unanswered } : {}),
  ...(float32 === undefined ? {} : { float32_error_percent: errorPercent(float32) }),
  ...(data.labelled ? {} : { answers: done.answers }),
  ...(done.skipped.length === 0 ? {} : { skipped: done.skipped.map(skippedKeys) }),
  backend: runner.backend,
  executor: runner.executor,
  precision: runner.precision,
  ...(runner.choice === undefined ? {} : { executors_tried: runner.choice.tried }),
  batch,
  schedule: compiled.schedule,
  multiply_adds: compiled.multiplyAdds.total,
  multiply_adds_relative: compiled.multiplyAdds.relative,
  images_per_second: done.images / done.seconds,
  seconds: done.seconds,
  ...(done.interrupted ? { interrupted: true } : {}),
})

export type RunResult = ReturnType<typeof runResult>

const errors = (result: RunResult): string => {
  if (result.error_percent === undefined || result.error_interval_percent === undefined) return ''
  const [low, high] = result.error_interval_percent.map(bound => bound.toFixed(2))
  const beside =
    result.float32_error_percent === undefined ? '' : `, ${result.float32_error_percent.toFixed(2)} % in float32`
  return ` error ${result.error_percent.toFixed(2)} %${beside} (95 % interval ${low} to ${high}), top-5 error ${result.top5_error_percent?.toFixed(2)} %;`
}

/** Which images have no answer. */
export const describeUnanswered = ({ images, first }: Unanswered, of: number, labelled: boolean): string =>
  `The scores of ${images} of ${of} image${of === 1 ? '' : 's'} are no numbers: ${first.join(', ')}${images > first.length ? ', …' : ''}. They have no answer${labelled ? ', and count as wrong' : ''}.`

/** The answers and one sentence on the whole. */
export const describeRun = (result: RunResult): string => {
  const untrained = result.initialized_from_seed === undefined ? '' : ', untrained'
  const skipped = result.skipped === undefined ? '' : ` (${result.skipped.length} more skipped)`
  const stopped = result.interrupted === true ? ' (interrupted)' : ''
  const images = `${result.images} image${result.images === 1 ? '' : 's'}`
  const head = `${result.network}${untrained} under ${result.plan}, ${images}${skipped}${stopped}:`
  const cost = ` ${count(result.multiply_adds)} multiply-adds an image (${ratio(result.multiply_adds_relative)}), ${result.images_per_second.toFixed(1)} images/s.`
  const answers = (result.answers ?? []).slice(0, answersShown).map(describeAnswer)
  const more = (result.answers ?? []).length - answers.length
  const rest = more > 0 ? [`and ${more} more: --json or --predictions FILE has all.`] : []
  return [...answers, ...rest, `${head}${errors(result)}${cost}`].join('\n')
}
