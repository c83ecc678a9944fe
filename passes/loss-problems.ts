import { problem } from '../ir/index.ts'
import { areOfClasses, factsOfKind } from './output-kinds.ts'
import type { PassProblem } from './pass.ts'
import type { PlacedPlan } from './placed-plan.ts'
import type { StepRecipe } from './step-recipe.ts'
import { criterionOf } from './training-loss.ts'

const refused = (where: string, seen: string, expected: string, hint: string): readonly PassProblem[] => [
  problem('not-trainable', where, seen, expected, hint),
]

/** The outputs that a loss is of. */
const learning = ({ outputs }: PlacedPlan, { teacher, target }: StepRecipe): PlacedPlan['outputs'] =>
  teacher === undefined ? outputs.filter((_, k) => k === target) : outputs

/** Outputs that move with the image under transforms that cannot be undone on what comes out, or not on each variant. */
const mapProblems = (plan: PlacedPlan, recipe: StepRecipe): readonly PassProblem[] => {
  const { name, sites } = plan
  const outputs = learning(plan, recipe)
  const { loss } = recipe
  const maps = outputs.filter(({ kind }) => factsOfKind(kind).type === 'Map')
  if (maps.length === 0) return []
  const where = `plan ${name}, output ${maps.map(map => map.name).join(', ')}`
  if (sites.some(({ drawn }) => drawn !== undefined))
    return refused(
      where,
      'transforms that are drawn anew at every step',
      'some that stay, so that they can be undone on what comes out',
      'a set that is spelled out: {id,rotate(15)}',
    )
  const leavesGaps = sites.some(({ transforms }) => transforms.some(({ kind }) => kind !== 'd4'))
  return leavesGaps && loss === 'none'
    ? refused(
        where,
        'a loss of each variant, where shifts, angles and scales leave pixels without an answer',
        'a loss of the reduced answer',
        'mean in place of none',
      )
    : []
}

/** Why there is nothing to hold a network's outputs against, or not all of them. */
const targetProblems = ({ outputs }: PlacedPlan, { teacher, target }: StepRecipe): readonly PassProblem[] => {
  if (teacher?.weight === 1) return []
  const named = (of: PlacedPlan['outputs']): string => of.map(({ name, kind }) => `${name} (${kind})`).join(', ')
  const refuse = (of: PlacedPlan['outputs'], seen: string, expected: string): readonly PassProblem[] =>
    refused(`output ${named(of)}`, seen, expected, '--recipe distill')
  if (target === undefined || criterionOf(outputs[target].kind) === undefined)
    return refuse(outputs, 'nothing that a loss holds them against', 'a target, or a teacher that is all of the loss')
  const others = outputs.filter((_, k) => k !== target)
  return teacher === undefined && others.length > 0
    ? refuse(others, `no target beside that of ${outputs[target].name}`, 'a teacher for them')
    : []
}

/** Why a network that is no classifier cannot be trained so. */
export const lossProblems = (plan: PlacedPlan, recipe: StepRecipe): readonly PassProblem[] =>
  areOfClasses(plan.outputs) ? [] : [...targetProblems(plan, recipe), ...mapProblems(plan, recipe)]
