import { either as E } from 'fp-ts'
import { type Graph, printTransform } from '../../../ir/index.ts'
import { type FixedPlan, parseFixedPlan, placePlan, printPlan } from '../../../passes/index.ts'
import type { SearchSite, Sites } from './space.ts'

/** The plan that weights were trained under, as their file's metadata says. */
export const trainedPlan = (metadata: ReadonlyMap<string, string>): FixedPlan | undefined => {
  const written = metadata.get('plan')
  const plan = written === undefined ? undefined : parseFixedPlan(written)
  return plan !== undefined && E.isRight(plan) ? plan.right : undefined
}

/** A plan's branches at inference on a network; none where it does not fit. */
export const branchesOf = (plan: FixedPlan, graph: Graph): Sites => {
  const placed = placePlan({ ...plan, inference: plan.inference === 'none' ? 'geo' : plan.inference }, graph, () => 0.5)
  return E.isLeft(placed) ? [] : placed.right.sites.map(({ map, transforms }): SearchSite => ({ map, transforms }))
}

/** A plan's branches in the order of their maps; none where it does not fit, or has two at one feature map. */
export const sitesOf = (plan: FixedPlan, graph: Graph): Sites => {
  const sites = branchesOf(plan, graph)
  return new Set(sites.map(({ map }) => map)).size === sites.length ? sites.toSorted((a, b) => a.map - b.map) : []
}

/** What to say where a network that was trained with `max` runs without branches that it was trained with. */
export const missingBranches = (trained: FixedPlan, sites: Sites, graph: Graph): string | undefined => {
  if (trained.training !== 'max') return undefined
  const missing = sitesOf({ ...trained, tta: false }, graph).filter(
    ({ map, transforms }) =>
      transforms.length > 1 &&
      !transforms.every(transform =>
        sites.some(
          site =>
            site.map === map && site.transforms.some(there => printTransform(there) === printTransform(transform)),
        ),
      ),
  )
  return missing.length === 0
    ? undefined
    : `The weights were trained under ${printPlan(trained)}: without its branches at map${missing.length === 1 ? '' : 's'} ${missing.map(({ map }) => map).join(', ')} such networks err far more often.`
}
