import { featureMaps } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { table } from '../../src/base/format.ts'
import { random, shuffled } from '../../src/base/random.ts'
import { rankOf } from '../../src/execute/score.ts'
import { relativeMultiplyAdds } from '../../src/experiment/search/cost.ts'
import { evidence } from '../../src/experiment/search/evidence.ts'
import { lossesOf, smoothedErrorsOf } from '../../src/experiment/search/objective.ts'
import { neighbours, parseSets, placesOf, type Sites } from '../../src/experiment/search/space.ts'
import { variantLogits } from '../../src/experiment/variants/logits.ts'
import { images, network } from './resnet20-on-cifar100.ts'

/**
 * Which objective chooses the plans that err least on other images: over random halves of a test set, the best plan by each objective on one
 * half, and its error on the other. Plans branch at one feature map; temperatures are fitted to all images.
 */
const [splits, budget] = [200, 1.8]

const transforms = orThrow(parseSets('shift,{scale(1.05),scale(1.1),scale(1.15),rotate(5),rotate(-5)}'))
const places = placesOf(featureMaps(network.graph), transforms).filter(({ map }) => map >= 4 && map <= 7)
const cost = relativeMultiplyAdds(network.graph)
const isBranch = (sites: Sites): boolean => sites.length === 1 && sites[0].transforms.length > 1
const singles = neighbours([], places).filter(isBranch)
const pairs = singles.flatMap(sites => neighbours(sites, places)).filter(isBranch)
const plans = [...new Map([...singles, ...pairs].map(sites => [JSON.stringify(sites), sites])).values()].filter(
  sites => cost(sites) <= budget,
)

const cache = process.argv[2]
const { labels = [] } = await variantLogits(network, [[]], images, cache === undefined ? {} : { cache })
const all = evidence(labels, async variants => {
  const { logits } = await variantLogits(network, variants, images, cache === undefined ? {} : { cache })
  return logits
})
await all.gather([[], ...plans])

const objectives = ['error', 'smoothed error', 'likelihood'] as const
/** Per objective what each image adds. */
const terms = (sites: Sites): readonly (readonly number[])[] => {
  const { temperature } = all.score(sites, 'geo')
  const scores = all.scores(sites, 'geo')
  const classes = scores.length / labels.length
  return [
    labels.map((label, image) => (rankOf(scores, image, classes, label) > 0 ? 1 : 0)),
    [...smoothedErrorsOf(scores, labels, temperature)],
    [...lossesOf(scores, labels, temperature)],
  ]
}
const mean = (values: readonly number[], images: Int32Array): number =>
  images.reduce((sum, image) => sum + values[image], 0) / images.length
const vanilla = terms([])
const judged = plans.map(terms)
const gains = objectives.map(() => [] as number[])
for (let split = 0; split < splits; split++) {
  const order = shuffled(labels.length, random(split, 'halves'))
  const [select, report] = [order.subarray(0, order.length / 2), order.subarray(order.length / 2)]
  for (const k of objectives.keys()) {
    const values = judged.map(plan => mean(plan[k], select))
    const chosen = judged[values.indexOf(Math.min(...values))]
    gains[k].push(100 * (mean(vanilla[0], report) - mean(chosen[0], report)))
  }
}
const rows = objectives.map((objective, k) => [
  objective,
  (gains[k].reduce((sum, gain) => sum + gain, 0) / splits).toFixed(2),
  `${Math.round((100 * gains[k].filter(gain => gain > 0).length) / splits)} %`,
])
console.log(`${plans.length} plans, ${splits} random halves of ${labels.length} images`)
console.log(table(['chosen by', 'points fewer errors on the other half', 'better than vanilla'], rows))
