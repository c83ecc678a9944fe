import { EspalierError, problem } from '../../ir/index.ts'
import { sumOf } from '../base/statistics.ts'
import { measuring } from './measure.ts'

/** Of each image the probability of every label, and whether it holds. */
type Scored = readonly (readonly [probabilities: readonly number[], holds: readonly number[]])[]

/**
 * The mean of a label’s precision over the images that have it, as scikit-learn’s `average_precision_score` has it: equal probabilities stand at one place. Undefined
 * where no image has it.
 */
export const averagePrecision = (scores: readonly number[], holds: readonly number[]): number | undefined => {
  const order = scores.map((_, k) => k).sort((a, b) => scores[b] - scores[a])
  const held = sumOf(holds)
  if (held === 0) return undefined
  let [found, before, area] = [0, 0, 0]
  order.forEach((image, place) => {
    found += holds[image]
    const next = order[place + 1]
    if (next !== undefined && scores[next] === scores[image]) return
    area += ((found - before) / held) * (found / (place + 1))
    before = found
  })
  return area
}

const meanPrecision = (scored: Scored): number | undefined => {
  const labels = scored[0]?.[0].length ?? 0
  const each = Array.from({ length: labels }, (_, label) =>
    averagePrecision(
      scored.map(([probabilities]) => probabilities[label]),
      scored.map(([, holds]) => holds[label]),
    ),
  ).filter(value => value !== undefined)
  return each.length === 0 ? undefined : (100 * sumOf(each)) / each.length
}

/** Over all labels of all images: twice those that are answered and hold over those that are answered and those that hold. */
const f1 = (scored: Scored): number | undefined => {
  let [both, either] = [0, 0]
  for (const [probabilities, holds] of scored)
    holds.forEach((own, label) => {
      const answered = probabilities[label] > 0.5 ? 1 : 0
      both += own * answered
      either += own + answered
    })
  return either === 0 ? undefined : (200 * both) / either
}

/** Labels, each of which holds or does not. */
export const multiLabel = measuring<Scored>({
  target: 'numbers',
  kinds: ['labels'],
  one: ({ values }, target, where) => {
    if (target.kind !== 'numbers') throw new Error('no numbers')
    const strange = target.values.find(value => value !== 0 && value !== 1)
    if (strange !== undefined)
      throw new EspalierError([problem('bad-labels', where, `${strange} for a label`, '1 where it holds, else 0')])
    return [[Array.from(values), target.values]]
  },
  sum: parts => parts.flat(),
  measures: {
    mean_average_precision_percent: {
      ...{ title: 'mean average precision', unit: '%', better: 'higher', ofEach: false },
      of: meanPrecision,
    },
    f1_percent: { title: 'F1', unit: '%', better: 'higher', ofEach: true, of: f1 },
  },
})
