import { type Draft, draft, type Graph, type NodeId, type Output, shapeOf, vectorType } from '../ir/index.ts'
import { copyForTraining } from './batch-statistics.ts'
import { areOfClasses } from './output-kinds.ts'
import { type PlacedOutput, type PlacedPlan, scoreReduction } from './placed-plan.ts'
import { scoresOfOutput } from './reduce-outputs.ts'
import { affine, pairwise } from './spell-statistics.ts'
import { correctName, labelsName, lossName, type StepRecipe, teacherName } from './step-recipe.ts'
import { crossEntropy, distanceOf, reducedScores, rightAnswers } from './training-loss.ts'

/** A teacher's answers to an output of these. */
const taught = (d: Draft, own: NodeId, k: number): NodeId => {
  const name = teacherName(k)
  return d.add('Input', [], { name, type: d.nodes[own].type }, name)
}

/** A classifier's criterion on labels, its distance from a teacher, or something between them. */
const classifierLoss = (d: Draft, scores: NodeId, labels: NodeId, { labelSmoothing, teacher }: StepRecipe): NodeId => {
  const [classes] = shapeOf(d.nodes[scores].type)
  const criterion = (): NodeId => crossEntropy(d, scores, labels, classes, labelSmoothing)
  if (teacher === undefined) return criterion()
  const { temperature, weight } = teacher
  const distance = distanceOf('classes')(d, scores, taught(d, scores, 0), temperature)
  return weight === 1
    ? distance
    : pairwise(d, 'add', affine(d, distance, weight, 0), affine(d, criterion(), 1 - weight, 0))
}

const ofClasses = (d: Draft, logits: NodeId, plan: PlacedPlan, recipe: StepRecipe): readonly Output[] => {
  const type = vectorType(shapeOf(d.nodes[logits].type)[0])
  const labels = d.add('Input', [], { name: labelsName, type }, labelsName)
  const scores = reducedScores(d, logits, recipe.loss)
  const answer = reducedScores(d, logits, scoreReduction(plan))
  return [
    { name: lossName, node: classifierLoss(d, scores, labels, recipe) },
    { name: correctName, node: rightAnswers(d, answer, labels) },
  ]
}

/** The sum, over outputs, of how far each is from a teacher's. */
const ofOutputs = (
  d: Draft,
  answers: readonly NodeId[],
  outputs: readonly PlacedOutput[],
  temperature: number,
): readonly Output[] => {
  const distances = answers.map((answer, k) => {
    const own = scoresOfOutput(d, answer, outputs[k])
    return distanceOf(outputs[k].kind)(d, own, taught(d, own, k), temperature)
  })
  return [{ name: lossName, node: distances.reduce((sum, x) => pairwise(d, 'add', sum, x)) }]
}

/** The branched network with a loss and the new running statistics for outputs; of a classifier with how many answers are right. */
export const addLoss = (network: Graph, plan: PlacedPlan, recipe: StepRecipe, fixed: ReadonlySet<string>): Graph => {
  const d = draft('branched')
  const { nodes, running } = copyForTraining(d, network, recipe.batchNormMomentum, fixed)
  const answers = network.outputs.map(({ node }) => nodes[node])
  const losses = areOfClasses(plan.outputs)
    ? ofClasses(d, answers[0], plan, recipe)
    : ofOutputs(d, answers, plan.outputs, recipe.teacher?.temperature ?? 1)
  return d.finish([...losses, ...[...running].map(([name, node]) => ({ name, node }))])
}
