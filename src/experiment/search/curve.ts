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

const percentOf = (wrong: Float64Array): number => (100 * wrong.reduce((sum, is) => sum + is, 0)) / wrong.length

/**
 * Stages as their thresholds move, from the first alone to all that is worth its time: the best thresholds at each price. Times are predicted, so that the sequence
 * itself takes what was measured.
 */
export const curveOf = (
  { candidate, relative }: Measured<Sequence>,
  onReport: readonly JudgedPlan[],
): readonly CurvePoint[] => {
  const { stages, prices, measure } = candidate
  const [first, ...later] = prices
  const dearest = later.reduce((sum, price) => sum + price, first)
  const scale = (relative - first) / (candidate.cost - first)
  const pointOf = ({ thresholds, shares, cost }: Pick<Sequence, 'thresholds' | 'shares' | 'cost'>): CurvePoint => {
    const errorOn = (judged: readonly JudgedPlan[]): number =>
      percentOf(lastOf({ stages: judged, thresholds }, ({ wrong }) => wrong))
    return {
      thresholds,
      relativeCost: first + scale * (cost - first),
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
