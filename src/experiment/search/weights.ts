import { printTransform, type Transform } from '../../../ir/index.ts'
import { likelihoodSigma } from './choice.ts'
import type { Candidate, Searched } from './search.ts'
import { keyOf, type Sites } from './space.ts'

/** A transform counts up to so many times what another of its set counts. */
const copiesAtMost = 4
/** Standard errors by which weights must make labels likelier. */
const leastSigma = 3

const countOf = (transforms: readonly Transform[], transform: Transform): number =>
  transforms.filter(other => printTransform(other) === printTransform(transform)).length

/** Plans with a copy more or less of one transform. Copies are computed once, and count as often in the reduction. */
const reweighted = (sites: Sites): readonly Sites[] =>
  sites.flatMap(({ map, transforms }, at) =>
    [...new Map(transforms.map(transform => [printTransform(transform), transform])).values()].flatMap(transform => {
      const count = countOf(transforms, transform)
      const first = transforms.findIndex(other => printTransform(other) === printTransform(transform))
      const more = [...transforms.slice(0, first), transform, ...transforms.slice(first)]
      const sets = [
        ...(count < copiesAtMost ? [more] : []),
        ...(count > 1 ? [transforms.filter((_, k) => k !== first)] : []),
      ]
      return sets.map(set => sites.map((site, k) => (k === at ? { map, transforms: set } : site)))
    }),
  )

/**
 * A plan with weights for its transforms, fitted to the images that it was chosen by: whole numbers, which a plan writes as copies,
 * `{id,id,shift(1,0)}`. The plan itself where no weights are better beyond chance, or `max` disregards them.
 */
export const weighted = async (
  searched: Searched,
  labels: readonly number[],
  candidate: Candidate,
): Promise<Candidate> => {
  const { evidence } = searched
  if (candidate.reduction === 'max') return candidate
  await evidence.gather([candidate.sites])
  let best = candidate
  const seen = new Set([keyOf(candidate.sites)])
  for (let improved = true; improved; ) {
    improved = false
    for (const sites of reweighted(best.sites)) {
      if (seen.has(keyOf(sites))) continue
      seen.add(keyOf(sites))
      const score = evidence.score(sites, best.reduction, best.score.temperature)
      if (score.negativeLogLikelihood >= best.score.negativeLogLikelihood) continue
      best = { ...best, sites, score }
      improved = true
    }
  }
  return likelihoodSigma(searched, labels, best, candidate) < leastSigma ? candidate : best
}
