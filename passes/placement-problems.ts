import { type Graph, isPerExample, liveNodes, printTransform, problem, shapeOf } from '../ir/index.ts'
import type { PlacementProblem } from './find-places.ts'
import { factsOfKind, type NetworkOutput } from './output-kinds.ts'
import type { PlacedPlan, PlacedSite } from './placed-plan.ts'
import { type FixedPlan, printPlace } from './plan.ts'
import { printPlan } from './plan-text.ts'
import { undoProblems } from './undo-problems.ts'

/** Ops that a plan may make of a network, one full copy for each variant: compiling more takes minutes and gigabytes. */
export const unrolledAtMost = 2 ** 18

/** How many variants a plan asks for, and how many ops they are when each runs all of the network. */
const sizeUnrolled = (
  graph: Graph,
  sites: readonly PlacedSite[],
): { readonly variants: number; readonly ops: number } => {
  const live = liveNodes(graph)
  const each = graph.nodes.filter(({ type }, id) => live[id] && isPerExample(type)).length
  const variants = sites.reduce((n, { transforms }) => n * transforms.length, 1)
  return { variants, ops: graph.nodes.length + variants * (each + sites.length) }
}

/** The same branches at fewer of the last maps, as many as are allowed. */
const fewer = (
  { sites: [site, ...more] }: FixedPlan,
  placed: readonly PlacedSite[],
  graph: Graph,
): string | undefined => {
  if (site?.place.kind !== 'last' || typeof site.set !== 'string' || more.length > 0) return undefined
  const most = placed.findIndex((_, k) => sizeUnrolled(graph, placed.slice(0, k + 1)).ops > unrolledAtMost)
  return most > 0 ? `${site.set}-${most}` : undefined
}

/** More copies of a network than can be compiled. */
const tooManyVariants = (
  plan: FixedPlan,
  where: string,
  graph: Graph,
  sites: readonly PlacedSite[],
): readonly PlacementProblem[] => {
  const { variants, ops } = sizeUnrolled(graph, sites)
  return ops > unrolledAtMost
    ? [
        problem(
          'too-many-variants',
          where,
          `${variants} variants of this network, ${ops} ops`,
          `at most ${unrolledAtMost} ops`,
          fewer(plan, sites, graph) ?? 'fewer branches, or smaller sets',
        ),
      ]
    : []
}

/** Reductions that an output's kind does not have. */
const unfitReductions = (
  plan: FixedPlan,
  where: string,
  outputs: readonly NetworkOutput[],
): readonly PlacementProblem[] =>
  outputs.flatMap(({ name, kind, reduction = plan.inference }) => {
    const { reductions } = factsOfKind(kind)
    return reduction === 'none' || reductions.some(known => known === reduction)
      ? []
      : [
          problem(
            'bad-plan' as const,
            `${where}, output ${name}`,
            `the reduction ${reduction} of ${kind}`,
            reductions.join(', '),
            printPlan({ ...plan, training: reductions[0], inference: reductions[0] }),
          ),
        ]
  })

/** Cuts whose maps differ in extents under transforms that are not the same at each. */
const unlikeExtents = (where: string, graph: Graph, sites: readonly PlacedSite[]): readonly PlacementProblem[] =>
  sites.flatMap(({ values, transforms, ...place }) => {
    const moved = transforms.find(({ kind }) => kind !== 'd4')
    const extents = [...new Set(values.map(id => shapeOf(graph.nodes[id].type).slice(0, 2).join('×')))]
    return moved === undefined || extents.length === 1
      ? []
      : [
          problem(
            'bad-plan' as const,
            where,
            `${printTransform(moved)} at cut ${printPlace(place)}, of maps of ${extents.join(' and ')} pixels`,
            'flips and quarter turns, which are the same at every resolution',
          ),
        ]
  })

/** Variants of which is not said how they become one. */
const unreduced = (plan: FixedPlan, where: string, sites: readonly PlacedSite[]): readonly PlacementProblem[] =>
  plan.inference === 'none' && isBranched(sites)
    ? [
        problem(
          'no-inference-reduction',
          where,
          'no inference reduction beside the training reduction none',
          'max, sum or geo for inference',
          printPlan({ ...plan, inference: 'geo' }),
        ),
      ]
    : []

/** Whether some site has more than one variant. */
export const isBranched = (sites: readonly PlacedSite[]): boolean => sites.some(site => site.transforms.length > 1)

/** What is wrong with a plan's sites on a network: too many variants alone, else what does not fit, else what is left out. */
export const placementProblems = (
  plan: FixedPlan,
  graph: Graph,
  sites: readonly PlacedSite[],
  outputs: readonly NetworkOutput[],
): readonly PlacementProblem[] => {
  if (sites.length === 0) return []
  const where = `plan ${printPlan(plan)}`
  const tooMany = tooManyVariants(plan, where, graph, sites)
  if (tooMany.length > 0) return tooMany
  const unlike = unlikeExtents(where, graph, sites)
  const unfit = [
    ...unlike,
    ...unfitReductions(plan, where, outputs),
    ...(unlike.length > 0 ? [] : undoProblems(plan, where, graph, sites, outputs)),
  ]
  return unfit.length > 0 ? unfit : unreduced(plan, where, sites)
}

/** Stages that are more copies of a network, together, than can be compiled. */
export const stagesTooLarge = (
  name: string,
  graph: Graph,
  stages: readonly PlacedPlan[],
): readonly PlacementProblem[] => {
  const ops = stages.reduce((sum, { sites }) => sum + sizeUnrolled(graph, sites).ops, 0)
  return ops > unrolledAtMost
    ? [
        problem(
          'too-many-variants',
          `plan ${name}`,
          `${stages.length} stages of ${ops} ops`,
          `at most ${unrolledAtMost} ops`,
          'fewer stages, or fewer branches in them',
        ),
      ]
    : []
}
