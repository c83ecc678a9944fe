import type { CertaintyMeasure } from '../../../ir/index.ts'
import { certaintiesOf } from '../../../ir/ops/certainty.ts'
import type { AdaptivePlan } from '../../../passes/index.ts'
import { meanOf, sumOf } from '../../base/statistics.ts'
import { rankOf } from '../../execute/score.ts'
import type { Evidence } from './evidence.ts'
import { lossesOf, type Score, smoothedErrorsOf } from './objective.ts'
import type { Candidate } from './search.ts'
import { planOf, type Sites } from './space.ts'
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
    certainty: certaintiesOf({ shape: [labels.length, classes], data: scores }, measure),
    unlikelihood: lossesOf(scores, labels, score.temperature),
    smoothed: smoothedErrorsOf(scores, labels, score.temperature),
    wrong: Uint8Array.from(labels, (label, image) => Number(rankOf(scores, image, classes, label) > 0)),
  }
}

/** Plans in turn, whose thresholds are open, and what each adds to the cost of an image that comes to it, relative to vanilla. */
export interface OpenSequence {
  readonly stages: readonly JudgedPlan[]
  readonly prices: readonly number[]
}

/** Plans in turn with thresholds between them, and what that is worth on the images that the thresholds were fitted to. */
export interface Sequence extends OpenSequence {
  readonly measure: CertaintyMeasure
  readonly thresholds: readonly number[]
  /** Of the images, how many come to each stage. */
  readonly shares: readonly number[]
  readonly score: Omit<Score, 'temperature'>
  /** Predicted, in the mean over the images. */
  readonly cost: number
}

/** What is chosen: one plan for all images, or several in turn. */
export type Choosable = Candidate | Sequence

export const isSequence = (candidate: Choosable): candidate is Sequence => 'stages' in candidate

/** The branches of a plan, of each of its stages if it has them. */
export const sitesIn = (candidate: Choosable): readonly Sites[] =>
  isSequence(candidate) ? candidate.stages.map(stage => stage.candidate.sites) : [candidate.sites]

/** A sequence as a plan. */
export const adaptivePlan = ({
  stages,
  thresholds,
  measure,
}: Pick<Sequence, 'stages' | 'thresholds' | 'measure'>): AdaptivePlan => ({
  stages: stages.map(({ candidate: { sites, reduction } }) => planOf(sites, reduction)),
  gates: thresholds.map(below => ({ measure, below })),
})

type Fixed = Pick<Sequence, 'stages' | 'thresholds'>

const reachedIn = ({ stages, thresholds }: Fixed): Uint8Array =>
  stagesReached(
    stages.map(({ certainty }) => certainty),
    thresholds,
  )

/** What every image ends with: of some number that each stage has for it, that of the last stage it reaches. */
export const lastOf = (sequence: Fixed, of: (stage: JudgedPlan) => ArrayLike<number>): Float64Array => {
  const values = sequence.stages.map(of)
  return Float64Array.from(reachedIn(sequence), (stage, image) => values[stage][image])
}

/** Of images, all or those asked for, how many come to each stage. */
export const sharesOf = (sequence: Fixed, among: (image: number) => boolean = () => true): readonly number[] => {
  const reached = reachedIn(sequence).filter((_, image) => among(image))
  return sequence.stages.map((_, stage) => reached.filter(last => last >= stage).length / reached.length)
}

/** What an image costs in the mean, where so many come to each stage. */
export const costOf = ({ prices }: OpenSequence, shares: readonly number[]): number =>
  prices.reduce((sum, price, stage) => sum + price * shares[stage], 0)

/** What thresholds are to make small: errors, as they are and smoothed. */
export const worthOf = ({ wrong, images, smoothedError }: Sequence['score']): number =>
  (wrong / images + smoothedError) / 2

/** What a plan adds to {@link worthOf}, image by image. */
export const fittedLoss = ({ smoothed, wrong }: JudgedPlan): Float64Array =>
  smoothed.map((loss, image) => (loss + wrong[image]) / 2)

/** The thresholds of plans in turn that err least, by {@link worthOf}, at a mean cost of at most so much. */
export const fitSequence = (
  { stages, prices }: OpenSequence,
  { measure, most }: { readonly measure: CertaintyMeasure; readonly most: number },
): Sequence | undefined => {
  const fitted = stages.map((stage): Judged => ({ certainty: stage.certainty, losses: fittedLoss(stage) }))
  const fit = fitThresholds(fitted, prices, most)
  if (fit === undefined) return undefined
  const { thresholds, shares, cost } = fit
  const fixed = { stages, thresholds }
  const wrong = lastOf(fixed, stage => stage.wrong)
  return {
    ...{ stages, prices, measure, thresholds, shares, cost },
    score: {
      images: wrong.length,
      wrong: sumOf(wrong),
      negativeLogLikelihood: meanOf(lastOf(fixed, stage => stage.unlikelihood)),
      smoothedError: meanOf(lastOf(fixed, stage => stage.smoothed)),
    },
  }
}
