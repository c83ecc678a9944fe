import { either as E } from 'fp-ts'
import { type Graph, problem } from '../../../ir/index.ts'
import {
  type FixedPlan,
  type PlacementProblem,
  type PlanProblem,
  parseFixedPlan,
  placePlan,
  printPlace,
  printPlan,
  scoreReduction,
} from '../../../passes/index.ts'
import { random } from '../../base/random.ts'
import type { BranchedPlan } from './search.ts'

const [fewest, most] = [2, 3]

const refuse = (seen: string, expected: string, hint?: string): E.Either<readonly PlanProblem[], never> =>
  E.left([problem('bad-plan', '--stages', seen, expected, hint)])

/** Plans out of parts between commas, of which a plan may have some of its own: the first is as long as it can be. */
const joined = (parts: readonly string[]): readonly FixedPlan[] | undefined => {
  if (parts.length === 0) return []
  for (let end = parts.length; end > 0; end--) {
    const plan = parseFixedPlan(parts.slice(0, end).join(','))
    const rest = E.isRight(plan) ? joined(parts.slice(end)) : undefined
    if (E.isRight(plan) && rest !== undefined) return [plan.right, ...rest]
  }
  return undefined
}

/**
 * Stages as `--stages` takes them: `vanilla,vanilla-tta-geo,flip@0,shift4@4:geo` are three, for a plan reaches over as many commas as it can; a semicolon always
 * separates.
 */
export const parseStages = (text: string): E.Either<readonly PlanProblem[], readonly FixedPlan[]> => {
  const groups = text.split(';').map(group => joined(group.split(',')))
  const wrong = groups.indexOf(undefined)
  if (wrong >= 0) return refuse(JSON.stringify(text.split(';')[wrong]), 'plans with commas or semicolons between them')
  return checkedStages(groups.flatMap(plans => plans ?? []))
}

/** Two or three stages. */
export const checkedStages = (plans: readonly FixedPlan[]): E.Either<readonly PlanProblem[], readonly FixedPlan[]> =>
  plans.length >= fewest && plans.length <= most
    ? E.right(plans)
    : refuse(
        plans.length === 1 ? `one plan, ${printPlan(plans[0])}` : `${plans.length} plans`,
        `${fewest} or ${most} stages`,
        'vanilla,vanilla-tta-geo',
      )

/** The branches of stages on a network. */
export const placedStages = (
  plans: readonly FixedPlan[],
  graph: Graph,
  seed: number,
): E.Either<readonly (PlacementProblem | PlanProblem)[], readonly BranchedPlan[]> =>
  E.traverseArray((plan: FixedPlan): E.Either<readonly (PlacementProblem | PlanProblem)[], BranchedPlan> => {
    const placed = placePlan(plan, graph, random(seed, 'plan').next)
    if (E.isLeft(placed)) return placed
    const cut = placed.right.sites.find(site => site.cut !== undefined)
    if (cut !== undefined)
      return refuse(`${printPlan(plan)}, a branch at cut ${printPlace(cut)}`, 'branches at feature maps')
    const sites = placed.right.sites.map(({ map, transforms }) => ({ map, transforms })).sort((a, b) => a.map - b.map)
    return new Set(sites.map(({ map }) => map)).size === sites.length
      ? E.right({ sites, reduction: scoreReduction(placed.right) ?? 'geo' })
      : refuse(`${printPlan(plan)}, two branches at one feature map`, 'one at each', 'their transforms in one set')
  })(plans)
