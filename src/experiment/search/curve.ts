import { sumOf } from '../../base/statistics.ts'
import type { Measured } from './choice.ts'
import { fitSequence, type JudgedPlan, lastOf, type Sequence } from './sequence.ts'

/** Stages under some thresholds; errors and shares in percent of the images, times over vanilla's. */
export interface CurvePoint {
  readonly thresholds: readonly number[]
  readonly relativeCost: number
  /** How many images come to each stage. */
  readonly sharesPercent: readonly number[]
  readonly errorPercent: number
  /** On the images that nothing was chosen by. */
  readonly reportErrorPercent: number
}

const points = 24

const percentOf = (wrong: Float64Array): number => (100 * sumOf(wrong)) / wrong.length

/**
 * Predicted costs as times: straight lines between what was measured, from the first stage's cost to the sequence to all stages for all images. Where the clock
 * puts these in another order, times are in proportion.
 */
const timesOf = ({ candidate, relative, worst }: MeasuredStages): ((cost: number) => number) => {
  const { prices, cost: own } = candidate
  const [first] = prices
  const dearest = sumOf(prices)
  if (!(first < relative && relative < worst && own < dearest)) return cost => (cost * relative) / own
  return cost =>
    cost <= own
      ? first + ((cost - first) * (relative - first)) / (own - first)
      : relative + ((cost - own) * (worst - relative)) / (dearest - own)
}

/** A sequence with its measured times over vanilla's: the mean, and of an image that goes through all stages. */
export interface MeasuredStages extends Measured<Sequence> {
  readonly worst: number
}

/** Stages as their thresholds move, from the first alone to all that is worth its time: the best thresholds at each price. */
export const curveOf = (sequence: MeasuredStages, onReport: readonly JudgedPlan[]): readonly CurvePoint[] => {
  const { candidate } = sequence
  const { stages, prices, measure } = candidate
  const [first, ...later] = prices
  const dearest = later.reduce((sum, price) => sum + price, first)
  const timeOf = timesOf(sequence)
  const pointOf = ({ thresholds, shares, cost }: Pick<Sequence, 'thresholds' | 'shares' | 'cost'>): CurvePoint => {
    const errorOn = (judged: readonly JudgedPlan[]): number =>
      percentOf(lastOf({ stages: judged, thresholds }, ({ wrong }) => wrong))
    return {
      thresholds,
      relativeCost: timeOf(cost),
      sharesPercent: shares.map(share => 100 * share),
      errorPercent: errorOn(stages),
      reportErrorPercent: errorOn(onReport),
    }
  }
  const none = { thresholds: later.map(() => 0), shares: prices.map((_, stage) => (stage === 0 ? 1 : 0)), cost: first }
  const fitted = Array.from({ length: points }, (_, k) =>
    fitSequence(candidate, { measure, most: first + ((k + 1) * (dearest - first)) / points }),
  ).filter(sequence => sequence !== undefined)
  const all = new Map([...fitted, candidate].map(sequence => [sequence.thresholds.join(), sequence]))
  return [none, ...all.values()].map(pointOf).sort((a, b) => a.relativeCost - b.relativeCost)
}
