import { meanOf, standardErrorOf, z95 } from '../../base/statistics.ts'
import type { MeasuredImage, NamedMeasure } from '../../measures/index.ts'

/** What becomes of a measure over images where a plan takes the place of the network as it is. */
export interface MeasureChange extends NamedMeasure {
  /** How many images have it under both. */
  readonly images: number
  /** Means over these. */
  readonly vanilla: number
  readonly plan: number
  /** The mean of what the plan adds to each, and its 95 % interval, that of a normal distribution; of one image none. */
  readonly difference: number
  readonly differenceInterval?: readonly [low: number, high: number]
  /** How many images the plan is better for, and worse. */
  readonly won: number
  readonly lost: number
}

/** An image under the network as it is, and under a plan. */
export interface ImageChange extends Omit<MeasuredImage, 'values'> {
  readonly vanilla: MeasuredImage['values']
  readonly plan: MeasuredImage['values']
}

/** Of a value, what rounding alone may come to. */
const rounding = 1e-6

const intervalOf = (differences: readonly number[]): readonly [number, number] => {
  const [mean, half] = [meanOf(differences), z95 * standardErrorOf(differences)]
  return [mean - half, mean + half]
}

/** How much better an image is by a measure, in its unit: below 0 where it is worse. */
const gainOf = ({ name, better }: NamedMeasure, { vanilla, plan }: ImageChange): number =>
  (better === 'higher' ? 1 : -1) * (plan[name] - vanilla[name])

/** Images that both have, from the one that gains most by the first measure to the one that loses most. */
export const changesOf = (
  measures: readonly NamedMeasure[],
  vanilla: readonly MeasuredImage[],
  plan: readonly MeasuredImage[],
): readonly ImageChange[] => {
  const under = new Map(plan.map(({ index, values }) => [index, values]))
  const changes = vanilla.flatMap(({ index, image, values }) => {
    const own = under.get(index)
    return own === undefined ? [] : [{ index, image, vanilla: values, plan: own }]
  })
  const gain = (change: ImageChange): number => {
    const value = gainOf(measures[0], change)
    return Number.isNaN(value) ? 0 : value
  }
  return changes.toSorted((a, b) => gain(b) - gain(a) || a.index - b.index)
}

/** How much better each image is that both have by a measure, which rounding alone does not make it. */
export const gainsOf = (
  measure: NamedMeasure,
  over: readonly MeasuredImage[],
  own: readonly MeasuredImage[],
): Float64Array =>
  Float64Array.from(
    changesOf([measure], over, own).flatMap(change => {
      const gain = gainOf(measure, change)
      if (!Number.isFinite(gain)) return []
      return Math.abs(gain) > rounding * Math.abs(change.vanilla[measure.name]) ? gain : 0
    }),
  )

/** What becomes of each measure; of one that no image has nothing. */
export const measureChanges = (
  measures: readonly NamedMeasure[],
  changes: readonly ImageChange[],
): readonly MeasureChange[] =>
  measures.flatMap(measure => {
    const { name } = measure
    const known = changes.filter(({ vanilla, plan }) => name in vanilla && name in plan)
    if (known.length === 0) return []
    const differences = known.map(({ vanilla, plan }) => plan[name] - vanilla[name])
    const gains = known.map(change => gainOf(measure, change))
    return {
      ...measure,
      images: known.length,
      vanilla: meanOf(known.map(({ vanilla }) => vanilla[name])),
      plan: meanOf(known.map(({ plan }) => plan[name])),
      difference: meanOf(differences),
      ...(known.length < 2 ? {} : { differenceInterval: intervalOf(differences) }),
      won: known.filter((change, k) => gains[k] > rounding * Math.abs(change.vanilla[name])).length,
      lost: known.filter((change, k) => -gains[k] > rounding * Math.abs(change.vanilla[name])).length,
    }
  })
