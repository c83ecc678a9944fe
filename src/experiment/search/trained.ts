import { either as E } from 'fp-ts'
import { type Graph, printTransform } from '../../../ir/index.ts'
import {
  comparePlaces,
  type FixedPlan,
  type PlaceNumber,
  parseFixedPlan,
  placePlan,
  printPlace,
  printPlan,
} from '../../../passes/index.ts'
import type { SearchSite, Sites } from './space.ts'

/** A branch at any place of a network: search knows those at feature maps alone. */
type BranchSite = SearchSite & PlaceNumber

/** The plan that weights were trained under, as their file's metadata says. */
export const trainedPlan = (metadata: ReadonlyMap<string, string>): FixedPlan | undefined => {
  const written = metadata.get('plan')
  const plan = written === undefined ? undefined : parseFixedPlan(written)
  return plan !== undefined && E.isRight(plan) ? plan.right : undefined
}

/** A plan's branches at inference on a network; none where it does not fit. */
export const branchesOf = (plan: FixedPlan, graph: Graph): readonly BranchSite[] => {
  const placed = placePlan({ ...plan, inference: plan.inference === 'none' ? 'geo' : plan.inference }, graph, () => 0.5)
  return E.isLeft(placed)
    ? []
    : placed.right.sites.map(({ map, cut, transforms }) => ({ map, ...(cut === undefined ? {} : { cut }), transforms }))
}

/** A plan's branches in the order of their places; none where it does not fit, or has two at one. */
const inOrder = (plan: FixedPlan, graph: Graph): readonly BranchSite[] => {
  const sites = branchesOf(plan, graph)
  return new Set(sites.map(printPlace)).size === sites.length ? sites.toSorted(comparePlaces) : []
}

/** A plan's branches in the order of their maps; none where it does not fit, has two at one feature map, or one at a cut. */
export const sitesOf = (plan: FixedPlan, graph: Graph): Sites => {
  const sites = inOrder(plan, graph)
  return sites.some(({ cut }) => cut !== undefined) ? [] : sites
}

/** What to say where a network that was trained with `max` runs without branches that it was trained with. */
export const missingBranches = (trained: FixedPlan, sites: readonly BranchSite[], graph: Graph): string | undefined => {
  if (trained.training !== 'max') return undefined
  const missing = inOrder({ ...trained, tta: false }, graph).filter(
    ({ transforms, ...place }) =>
      transforms.length > 1 &&
      !transforms.every(transform =>
        sites.some(
          site =>
            comparePlaces(site, place) === 0 &&
            site.transforms.some(there => printTransform(there) === printTransform(transform)),
        ),
      ),
  )
  return missing.length === 0
    ? undefined
    : `The weights were trained under ${printPlan(trained)}: without its branches at map${missing.length === 1 ? '' : 's'} ${missing.map(printPlace).join(', ')} such networks err far more often.`
}
