import { problem } from '../ir/index.ts'
import { areOfClasses, factsOfKind } from './output-kinds.ts'
import type { PassProblem } from './pass.ts'
import type { PlacedPlan } from './placed-plan.ts'
import type { StepRecipe } from './step-recipe.ts'

const refused = (where: string, seen: string, expected: string, hint: string): readonly PassProblem[] => [
  problem('not-trainable', where, seen, expected, hint),
]

/** Outputs that move with the image under transforms that cannot be undone on what comes out, or not on each variant. */
const mapProblems = ({ name, sites, outputs }: PlacedPlan, { loss }: StepRecipe): readonly PassProblem[] => {
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

/** Why a network that is no classifier cannot be trained so. */
export const lossProblems = (plan: PlacedPlan, recipe: StepRecipe): readonly PassProblem[] => {
  const { outputs } = plan
  if (areOfClasses(outputs)) return []
  return recipe.teacher?.weight === 1
    ? mapProblems(plan, recipe)
    : refused(
        `output ${outputs.map(({ name }) => name).join(', ')}`,
        `${outputs.map(({ kind }) => kind).join(', ')} and a loss by labels, which are of classes`,
        'a teacher that is all of the loss',
        '--recipe distill',
      )
}
