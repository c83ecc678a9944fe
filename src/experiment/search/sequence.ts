import { type CertaintyMeasure, certainties } from '../../../ir/index.ts'
import type { AdaptivePlan } from '../../../passes/index.ts'
import { rankOf } from '../../execute/score.ts'
import type { Evidence } from './evidence.ts'
import { lossesOf, type Objective, type Score, smoothedErrorsOf } from './objective.ts'
import type { Candidate } from './search.ts'
import { planOf } from './space.ts'
import { fitThresholds, type Judged, stagesReached } from './thresholds.ts'

/** A plan image by image, by its own temperature: how certain it is, how unlikely the label, and whether the answer is wrong. */
export interface JudgedPlan {
  readonly candidate: Candidate
  readonly certainty: Float64Array
  readonly unlikelihood: Float64Array
  readonly smoothed: Float64Array
  readonly wrong: Uint8Array
}

/** Judges a plan, whose variants were gathered, on labelled images. */
export const judged = (
  on: Evidence,
  labels: readonly number[],
  candidate: Candidate,
  measure: CertaintyMeasure,
): JudgedPlan => {
  const { sites, reduction, score } = candidate
  const scores = on.scores(sites, reduction)
  const classes = scores.length / labels.length
  return {
    candidate,
    certainty: certainties({ shape: [labels.length, classes], data: scores }, measure),
    unlikelihood: lossesOf(scores, labels, score.temperature),
    smoothed: smoothedErrorsOf(scores, labels, score.temperature),
    wrong: Uint8Array.from(labels, (label, image) => Number(rankOf(scores, image, classes, label) > 0)),
  }
}

/** Plans in turn with thresholds between them, and what that is worth on the images that the thresholds were fitted to. */
export interface Sequence {
  readonly stages: readonly JudgedPlan[]
  readonly measure: CertaintyMeasure
  readonly thresholds: readonly number[]
  /** Of the images, how many come to each stage. */
  readonly shares: readonly number[]
  readonly score: Omit<Score, 'temperature'>
  /** Predicted, relative to vanilla: the mean, and where every image goes through all stages. */
  readonly cost: number
  readonly worstCost: number
}

/** A sequence as a plan. */
export const adaptivePlan = ({ stages, thresholds, measure }: Sequence): AdaptivePlan => ({
  stages: stages.map(({ candidate: { sites, reduction } }) => planOf(sites, reduction)),
  gates: thresholds.map(below => ({ measure, below })),
})

/** What every image ends with: of some number that each stage has for it, that of the last stage it reaches. */
export const lastOf = (
  stages: readonly JudgedPlan[],
  thresholds: readonly number[],
  of: (stage: JudgedPlan) => ArrayLike<number>,
): Float64Array => {
  const reached = stagesReached(
    stages.map(({ certainty }) => certainty),
    thresholds,
  )
  const values = stages.map(of)
  return Float64Array.from(reached, (stage, image) => values[stage][image])
}

/** Of images, how many come to each stage. */
export const sharesOf = (stages: readonly JudgedPlan[], thresholds: readonly number[]): readonly number[] => {
  const reached = stagesReached(
    stages.map(({ certainty }) => certainty),
    thresholds,
  )
  return stages.map((_, stage) => reached.filter(last => last >= stage).length / reached.length)
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

const lossesBy = (stage: JudgedPlan, objective: Objective): Float64Array =>
  objective === 'error' ? stage.smoothed : stage.unlikelihood

/** Plans in turn, whose thresholds are open, and what each adds to the cost of an image that comes to it. */
export interface OpenSequence {
  readonly stages: readonly JudgedPlan[]
  readonly prices: readonly number[]
}

/** The thresholds of plans in turn that are best at a mean cost of at most so much. */
export const fitSequence = (
  { stages, prices }: OpenSequence,
  {
    objective,
    measure,
    most,
  }: { readonly objective: Objective; readonly measure: CertaintyMeasure; readonly most: number },
): Sequence | undefined => {
  const fitted = stages.map((stage): Judged => ({ certainty: stage.certainty, losses: lossesBy(stage, objective) }))
  const fit = fitThresholds(fitted, prices, most)
  if (fit === undefined) return undefined
  const { thresholds, shares, cost } = fit
  const wrong = lastOf(stages, thresholds, stage => stage.wrong)
  return {
    ...{ stages, measure, thresholds, shares, cost },
    worstCost: prices.reduce((sum, price) => sum + price, 0),
    score: {
      images: wrong.length,
      wrong: wrong.reduce((sum, is) => sum + is, 0),
      negativeLogLikelihood: meanOf(lastOf(stages, thresholds, stage => stage.unlikelihood)),
      smoothedError: meanOf(lastOf(stages, thresholds, stage => stage.smoothed)),
    },
  }
}
