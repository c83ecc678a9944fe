import { type Draft, draft, type Graph, type NodeId, type Output, shapeOf, vectorType } from '../ir/index.ts'
import { copyForTraining } from './batch-statistics.ts'
import { areOfClasses } from './output-kinds.ts'
import { type PlacedOutput, type PlacedPlan, scoreReduction } from './placed-plan.ts'
import { scoresOfOutput } from './reduce-outputs.ts'
import { affine, pairwise } from './spell-statistics.ts'
import { correctName, labelsName, lossName, type StepRecipe, teacherName } from './step-recipe.ts'
import { type Criterion, criterionOf, crossEntropy, distanceOf, reducedScores, rightAnswers } from './training-loss.ts'

/** A teacher's answers to an output of these. */
const taught = (d: Draft, own: NodeId, k: number): NodeId => {
  const name = teacherName(k)
  return d.add('Input', [], { name, type: d.nodes[own].type }, name)
}

/** The distance from a teacher, a criterion, or something between them. */
const between = (
  d: Draft,
  teacher: StepRecipe['teacher'],
  distance: (temperature: number) => NodeId,
  criterion: () => NodeId,
): NodeId => {
  if (teacher === undefined) return criterion()
  const { temperature, weight } = teacher
  const apart = distance(temperature)
  return weight === 1 ? apart : pairwise(d, 'add', affine(d, apart, weight, 0), affine(d, criterion(), 1 - weight, 0))
}

const classifierLoss = (d: Draft, scores: NodeId, labels: NodeId, { labelSmoothing, teacher }: StepRecipe): NodeId => {
  const [classes] = shapeOf(d.nodes[scores].type)
  return between(
    d,
    teacher,
    temperature => distanceOf('classes')(d, scores, taught(d, scores, 0), temperature),
    () => crossEntropy(d, scores, labels, classes, labelSmoothing),
  )
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

/** How far an output is from what it is held against. */
const fromTarget = (d: Draft, own: NodeId, { kind }: PlacedOutput): NodeId => {
  const { inputs, loss } = criterionOf(kind) as Criterion
  const { type } = d.nodes[own]
  return loss(
    d,
    own,
    inputs.map(name => d.add('Input', [], { name, type }, name)),
  )
}

/** What of the loss is the sum, over outputs, of how far each is from a teacher's, and what how far one is from its target. */
const ofOutputs = (
  d: Draft,
  answers: readonly NodeId[],
  outputs: readonly PlacedOutput[],
  { teacher, target }: StepRecipe,
): readonly Output[] => {
  const scores = answers.map((answer, k) => scoresOfOutput(d, answer, outputs[k]))
  const distances = (temperature: number): NodeId =>
    scores
      .map((own, k) => distanceOf(outputs[k].kind)(d, own, taught(d, own, k), temperature))
      .reduce((sum, x) => pairwise(d, 'add', sum, x))
  const criterion = (): NodeId => fromTarget(d, scores[target as number], outputs[target as number])
  return [{ name: lossName, node: between(d, teacher, distances, criterion) }]
}

/** The branched network with a loss and the new running statistics for outputs; of a classifier with how many answers are right. */
export const addLoss = (network: Graph, plan: PlacedPlan, recipe: StepRecipe, fixed: ReadonlySet<string>): Graph => {
  const d = draft('branched')
  const { nodes, running } = copyForTraining(d, network, recipe.batchNormMomentum, fixed)
  const answers = network.outputs.map(({ node }) => nodes[node])
  const losses = areOfClasses(plan.outputs)
    ? ofClasses(d, answers[0], plan, recipe)
    : ofOutputs(d, answers, plan.outputs, recipe)
  return d.finish([...losses, ...[...running].map(([name, node]) => ({ name, node }))])
}
