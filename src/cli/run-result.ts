import { count, measureText, ratio } from '../base/format.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { DataSet } from '../data/index.ts'
import type { Unanswered } from '../execute/evaluate-data.ts'
import type { Model } from '../execute/model.ts'
import type { EvaluationResult } from '../experiment/evaluation.ts'
import type { Shard } from '../experiment/shards/shard.ts'
import type { TimeOver } from '../experiment/time-over.ts'
import { answerJson, answersShown, describeAnswer } from './answers.ts'
import { foundKeys } from './found-data.ts'
import { type CommandOutput, exitCodes } from './output.ts'
import { giveResult } from './shard-output.ts'
import { describeDrift, describeStages, stageKeys } from './stage-shares.ts'

/** What was run, where, and what came of it. */
export interface Ran {
  readonly compiled: Pick<CompiledNetwork, 'network' | 'plan' | 'stages' | 'schedule' | 'multiplyAdds'>
  readonly initializedFrom: number | undefined
  readonly model: Pick<Model, 'backend' | 'executor' | 'precision' | 'choice'>
  readonly data: Pick<DataSet, 'count' | 'classCount' | 'notes' | 'labelled'>
  readonly done: EvaluationResult
  /** The same in float32, where another precision was asked for. */
  readonly float32: EvaluationResult | undefined
  /** What the plan file remembers of the images that it was made for. */
  /** What the plain network takes on some of the images, beside this. */
  readonly time?: TimeOver | undefined
  readonly batch: number
}

/** Mean and deviation of what the network was fed, in digits that do not tell in which parts they were summed up. */
const fedKeys = ({ fed }: EvaluationResult) => {
  const rounded = (values: readonly number[]): readonly number[] => values.map(value => Number(value.toPrecision(6)))
  return fed && { images: fed.images, mean: rounded(fed.mean), deviation: rounded(fed.deviation) }
}

/** What looks wrong; that a network which was not trained guesses is said already. */
const warningKeys = ({ warnings }: EvaluationResult, untrained: boolean) => {
  const told = warnings.filter(({ about }) => about !== 'error' || !untrained)
  return told.length === 0 ? {} : { warnings: told.map(({ text }) => text) }
}

/** The keys of `run --json`: those of errors where there are labels, `answers` where there are none. */
export const runResult = ({ compiled, initializedFrom, model, data, done, float32, time, batch }: Ran) => ({
  network: compiled.network,
  plan: compiled.plan,
  initialized_from_seed: initializedFrom,
  images: done.images,
  ...foundKeys(data),
  ...(done.errorPercent === undefined
    ? {}
    : {
        error_percent: done.errorPercent,
        top5_error_percent: done.top5ErrorPercent,
        error_interval_percent: done.errorIntervalPercent,
      }),
  ...Object.fromEntries((done.measures ?? []).map(({ name, value = null }) => [name, value])),
  ...(done.unanswered.images > 0 ? { non_finite: done.unanswered } : {}),
  float32_error_percent: float32?.errorPercent,
  answers: data.labelled || done.measures !== undefined ? undefined : done.answers.map(answerJson),
  ...(done.skipped.length === 0 ? {} : { skipped: done.skipped }),
  fed: fedKeys(done),
  ...warningKeys(done, initializedFrom !== undefined),
  backend: model.backend,
  executor: model.executor,
  precision: model.precision,
  executors_tried: model.choice?.tried,
  batch,
  schedule: compiled.schedule,
  multiply_adds: compiled.multiplyAdds.total,
  multiply_adds_relative: compiled.multiplyAdds.relative,
  ...(compiled.stages === undefined ? {} : stageKeys(compiled.stages, done)),
  ...(time === undefined
    ? {}
    : {
        relative_time: time.relative.median,
        relative_time_range: [time.relative.min, time.relative.max],
        relative_time_images: time.images,
      }),
  images_per_second: done.imagesPerSecond,
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

const measures = ({ measures = [] }: Pick<EvaluationResult, 'measures'>): string => {
  const told = measures.map(measureText)
  return told.length === 0 ? '' : ` ${told.join(', ')};`
}

/** Which images have no answer. */
export const describeUnanswered = ({ images, first }: Unanswered, of: number, labelled: boolean): string =>
  `The scores of ${images} of ${of} image${of === 1 ? '' : 's'} are no numbers: ${first.join(', ')}${images > first.length ? ', …' : ''}. They have no answer${labelled ? ', and count as wrong' : ''}.`

/** The answers and one sentence on the whole. */
export const describeRun = (result: RunResult, done: Pick<EvaluationResult, 'answers' | 'measures'>): string => {
  const { answers: all } = done
  const untrained = result.initialized_from_seed === undefined ? '' : ', untrained'
  const skipped = result.skipped === undefined ? '' : ` (${result.skipped.length} more skipped)`
  const stopped = result.interrupted === true ? ' (interrupted)' : ''
  const images = `${result.images} image${result.images === 1 ? '' : 's'}`
  const head = `${result.network}${untrained} under ${result.plan}, ${images}${skipped}${stopped}:`
  const worst =
    result.multiply_adds_relative_worst === undefined ? '' : `, at most ${ratio(result.multiply_adds_relative_worst)}`
  const cost = ` ${count(result.multiply_adds)} multiply-adds an image (${ratio(result.multiply_adds_relative)}${worst}), ${result.images_per_second.toFixed(1)} images/s.`
  const answers = all.slice(0, answersShown).map(describeAnswer)
  const more = all.length - answers.length
  const rest = more > 0 ? [`and ${more} more: --json, --csv FILE or --predictions FILE has all.`] : []
  return [...answers, ...rest, `${head}${errors(result)}${measures(done)}${cost}`, ...describeStages(result)].join('\n')
}

/** Writes and prints what a run came to; images without an answer fail it. @throws EspalierError */
export const tellRun = async (ran: Ran, path: string | undefined, out: CommandOutput, shard?: Shard) => {
  const result = runResult(ran)
  await giveResult(path, { result, text: () => describeRun(result, ran.done), shard }, out)
  for (const drift of describeDrift(result)) out.note(drift)
  for (const warning of result.warnings ?? []) out.note(`Warning: ${warning}`)
  if (result.non_finite !== undefined) {
    out.note(describeUnanswered(result.non_finite, result.images, result.error_percent !== undefined))
    out.terminal.exitWith(exitCodes.failed)
  }
  return result
}
