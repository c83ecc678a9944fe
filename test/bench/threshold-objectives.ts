import { parseFixedPlan } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { table } from '../../src/base/format.ts'
import { random, shuffled } from '../../src/base/random.ts'
import { relativeMultiplyAdds, remainingShares } from '../../src/experiment/search/cost.ts'
import { judgedAlone } from '../../src/experiment/search/search.ts'
import { type JudgedPlan, judged, lastOf } from '../../src/experiment/search/sequence.ts'
import { sequencesOf } from '../../src/experiment/search/sequences.ts'
import { fitThresholds } from '../../src/experiment/search/thresholds.ts'
import { sitesOf } from '../../src/experiment/search/trained.ts'
import { variantLogits } from '../../src/experiment/variants/logits.ts'
import { images, network } from './resnet20-on-cifar100.ts'

/**
 * Which losses choose the stages and thresholds that err least on other images: over random halves of a test set, the best sequence of some plans within a mean cost
 * in multiply-adds on one half, and its error on the other. Temperatures are fitted to all images.
 */
const [splits, budgets] = [12, [1.2, 1.45, 1.69, 2]]
const names = [
  'vanilla',
  '{id,shift(1,1)}@4',
  'flip@0',
  'flip@0,{id,shift(1,-1)}@4',
  'flip@0,{id,shift(1,-1)}@3,{id,scale(1.05)}@7',
  'flip@0,shift4@4',
]

const cache = process.argv[2]
const logitsOf = (variants: Parameters<typeof variantLogits>[1]) =>
  variantLogits(network, variants, images, cache === undefined ? {} : { cache })
const { labels = [] } = await logitsOf([[]])
const plans = names.map(name => ({
  sites: sitesOf(orThrow(parseFixedPlan(name)), network.graph),
  reduction: 'geo' as const,
}))
const { evidence, candidates } = await judgedAlone(plans, {
  labels,
  logitsOf: async variants => (await logitsOf(variants)).logits,
  cost: relativeMultiplyAdds(network.graph),
})
const all = candidates.map(candidate => judged(evidence, labels, candidate, 'margin'))
const open = sequencesOf(all, remainingShares(network.graph))

const losses: Readonly<Record<string, (plan: JudgedPlan) => Float64Array>> = {
  likelihood: ({ unlikelihood }) => unlikelihood,
  'smoothed errors': ({ smoothed }) => smoothed,
  errors: ({ wrong }) => Float64Array.from(wrong),
  'errors, whole and smoothed': ({ smoothed, wrong }) => smoothed.map((loss, image) => (loss + wrong[image]) / 2),
}
const picked = (values: ArrayLike<number>, images: Int32Array): Float64Array =>
  Float64Array.from(images, image => values[image])

const rows = Object.entries(losses).map(([name, lossesOf]) => [
  name,
  ...budgets.map(most => {
    let wrong = 0
    for (let split = 0; split < splits; split++) {
      const order = shuffled(labels.length, random(split, 'halves'))
      const [select, report] = [order.subarray(0, order.length / 2), order.subarray(order.length / 2)]
      const halves = new Map(
        all.map(plan => [plan, { certainty: picked(plan.certainty, select), losses: picked(lossesOf(plan), select) }]),
      )
      const fits = open.flatMap(({ stages, prices }) => {
        const half = stages.flatMap(stage => halves.get(stage) ?? [])
        const fit = fitThresholds(half, prices, most)
        return fit === undefined ? [] : [{ stages, ...fit }]
      })
      const best = fits.reduce((a, b) => (b.loss < a.loss ? b : a))
      wrong += picked(
        lastOf(best, plan => plan.wrong),
        report,
      ).reduce((sum, is) => sum + is / report.length, 0)
    }
    return ((100 * wrong) / splits).toFixed(2)
  }),
])
console.log(`${names.length} plans, ${splits} random halves of ${labels.length} images; error % on the other half`)
console.log(table(['chosen by', ...budgets.map(most => `${most} ×`)], rows))
process.exit(0)
