import { either as E } from 'fp-ts'
import { checkGraph, type Graph, problem } from '../ir/index.ts'
import { branchPlaces } from './branch-places.ts'
import { type PlacementProblem, placesAt } from './find-places.ts'
import type { NetworkOutput } from './output-kinds.ts'
import type { PlacedPlan, PlacedSite, PlacedStages } from './placed-plan.ts'
import { isBranched, placementProblems, stagesTooLarge } from './placement-problems.ts'
import { type FixedPlan, isAdaptive, type Plan, type PlanReduction, type Site } from './plan.ts'
import { printPlan } from './plan-text.ts'
import { transformsOf } from './transform-sets.ts'

/** Of a network of which nothing is said: its outputs are scores of classes. */
const scoresOf = ({ outputs }: Graph): readonly NetworkOutput[] =>
  outputs.map(({ name }) => ({ name, kind: 'classes', gives: 'scores' }))

/** Finds a plan's feature maps in a network and draws its variants. `draw` gives numbers in [0, 1). */
export const placePlan = (
  plan: FixedPlan,
  graph: Graph,
  draw: () => number,
  told?: readonly NetworkOutput[],
): E.Either<readonly PlacementProblem[], PlacedPlan> => {
  checkGraph('placePlan', graph)
  const outputs = told ?? scoresOf(graph)
  const name = printPlan(plan)
  const where = `plan ${name}`
  const places = branchPlaces(graph)
  const sites: PlacedSite[] = []
  const tta: Site = { set: 'flip', place: { kind: 'map', map: 0 } }
  for (const site of plan.tta ? [tta, ...plan.sites] : plan.sites) {
    const found = placesAt(where, site, places)
    if (E.isLeft(found)) return found
    const drawn = site.set === 'rotate' || site.set === 'scale' ? { drawn: site.set } : {}
    sites.push(
      ...found.right.map(({ map, cut, values, before }) => ({
        map,
        ...(cut === undefined ? {} : { cut }),
        values,
        before,
        transforms: transformsOf(site.set, draw),
        ...drawn,
      })),
    )
  }
  const problems = placementProblems(plan, graph, sites, outputs)
  if (problems.length > 0) return E.left(problems)
  const reductionOf = (output: NetworkOutput): PlanReduction | null => {
    const reduction = output.reduction ?? plan.inference
    return reduction !== 'none' && isBranched(sites) ? reduction : null
  }
  return E.right({ name, sites, outputs: outputs.map(output => ({ ...output, reduction: reductionOf(output) })) })
}

/** Places a plan, its stages if it has them: each has draws of its own, so that it is what its plan is alone. */
export const placeStages = (
  plan: Plan,
  graph: Graph,
  draws: () => () => number,
  outputs: readonly NetworkOutput[] = scoresOf(graph),
): E.Either<readonly PlacementProblem[], PlacedPlan | PlacedStages> => {
  if (!isAdaptive(plan)) return placePlan(plan, graph, draws(), outputs)
  const [first] = outputs
  if (first.kind !== 'classes')
    return E.left([
      problem(
        'bad-plan',
        `plan ${printPlan(plan)}`,
        `stages for a network whose first output, ${first.name}, is ${first.kind}`,
        'classes, whose probabilities say how certain an answer is',
        plan.stages.map(stage => printPlan(stage)).join(' or '),
      ),
    ])
  const { gates } = plan
  const stages = E.traverseArray((stage: FixedPlan) => placePlan(stage, graph, draws(), outputs))(plan.stages)
  if (E.isLeft(stages)) return stages
  const name = printPlan(plan)
  const problems = stagesTooLarge(name, graph, stages.right)
  return problems.length > 0 ? E.left(problems) : E.right({ name, stages: stages.right, gates })
}
