import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import type { Lane } from './lanes.ts'

/** What a plan takes. Times of one batch, a mean over the images of a round; `relative_to_plain`: the median of the rounds' ratios. */
export interface TimeRow {
  readonly network: 'cifar100_resnet20' | 'cifar100_resnet56'
  readonly batch: number
  readonly images: number
  readonly plan: string
  readonly executor: Lane['name']
  readonly precision: Lane['precision']
  readonly share: number
  readonly milliseconds: Spread
  readonly relative_to_plain: number
}

/** A plan on all images of a round, and the share of them that went on. */
export interface TimedPlan extends Pick<TimeRow, 'plan' | 'share'> {
  readonly run: () => Promise<unknown>
}

/** Times plans in turns; the first is what the others are held against. */
export const timeRows = async (
  plans: readonly TimedPlan[],
  where: Pick<TimeRow, 'network' | 'batch' | 'images' | 'executor' | 'precision'>,
): Promise<readonly TimeRow[]> => {
  const times = await race(plans, { rounds: 15, seconds: 45, least: 5 })
  const perBatch = times.map(rounds => rounds.map(time => (time * where.batch) / where.images))
  return plans.map(({ plan, share }, k) => ({
    ...where,
    plan,
    share,
    milliseconds: spreadOf(perBatch[k]),
    relative_to_plain: ratios(perBatch[k], perBatch[0]),
  }))
}
