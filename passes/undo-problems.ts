import { either as E } from 'fp-ts'
import { type Graph, type Pair, printTransform, problem, shapeOf } from '../ir/index.ts'
import { siteAtOutput } from './at-output.ts'
import { dataMask } from './data-masks.ts'
import type { PlacementProblem } from './find-places.ts'
import { factsOfKind, type NetworkOutput } from './output-kinds.ts'
import type { PlacedSite } from './placed-plan.ts'
import type { FixedPlan, Site } from './plan.ts'
import { printPlan } from './plan-text.ts'
import { doesNothing, variantsOfPlan } from './variant.ts'

/** A site with the map as it is beside what it becomes. */
const withIdentity = (site: Site): Site =>
  typeof site.set === 'string' || site.set.some(doesNothing)
    ? site
    : { ...site, set: [{ kind: 'd4', element: 'id' }, ...site.set] }

/** At how many pixels of an output no variant has data. */
const pixelsWithoutData = (sites: readonly PlacedSite[], extents: Pair): number => {
  if (sites.every(({ transforms }) => transforms.some(doesNothing))) return 0
  const left = new Set(Array.from({ length: extents[0] * extents[1] }, (_, pixel) => pixel))
  for (const variant of variantsOfPlan({ sites })) {
    const mask = dataMask(
      variant.map(({ transform }) => transform),
      extents,
    )
    for (const pixel of left) if (mask === null || mask[pixel] === 1) left.delete(pixel)
    if (left.size === 0) return 0
  }
  return left.size
}

/** Outputs that move with the image on which some transform cannot be undone, or of which no variant knows some pixels. */
export const undoProblems = (
  plan: FixedPlan,
  where: string,
  graph: Graph,
  sites: readonly PlacedSite[],
  outputs: readonly NetworkOutput[],
): readonly PlacementProblem[] =>
  outputs.flatMap(({ name, kind }, k) => {
    if (factsOfKind(kind).type !== 'Map') return []
    const { node } = graph.outputs[k]
    const [h, w] = shapeOf(graph.nodes[node].type)
    const refused = (seen: string, expected: string, hint?: string): readonly PlacementProblem[] => [
      problem('bad-plan', `${where}, output ${name}`, seen, expected, hint),
    ]
    const own = E.traverseArray((site: PlacedSite) => siteAtOutput(graph, site, node))(sites)
    if (E.isLeft(own))
      return refused(
        `${printTransform(own.left)}, which moves what comes out, ${h}×${w}, by no whole pixels, so that it cannot be undone`,
        'shifts by whole pixels of what comes out, turns where its rows lie as far apart as its columns, scales, flips',
      )
    const without = pixelsWithoutData(own.right, [h, w])
    return without === 0
      ? []
      : refused(
          `no variant for ${without} of the ${h}×${w} pixels that come out: each moves them out of the map`,
          'a variant that moves nothing out of it',
          printPlan({ ...plan, sites: plan.sites.map(withIdentity) }),
        )
  })
