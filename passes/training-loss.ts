import { type Draft, type NodeId, type Reduction, shapeOf, sharedType, vectorType } from '../ir/index.ts'
import { factsOfKind, type OutputKind } from './output-kinds.ts'
import type { TrainingReduction } from './plan.ts'
import { unitLength } from './reduce-outputs.ts'
import { affine, pairwise, unary } from './spell-statistics.ts'
import { countedName, targetName } from './step-recipe.ts'

const multiply = (d: Draft, a: NodeId, b: NodeId): NodeId => pairwise(d, 'multiply', a, b)

/** The mean of all numbers, over the batch and over all variants there still are, `times` as large. */
const meanOf = (d: Draft, x: NodeId, times: number): NodeId =>
  affine(d, d.add('ReduceTo', [x], { to: sharedType([]), reduction: 'mean' }), times, 0)

/** How many numbers an example has, or each of its pixels. */
const channelsOf = (d: Draft, x: NodeId): number => shapeOf(d.nodes[x].type).at(-1) as number

/** The scores of all variants together; those of each where there is no reduction, or only one variant. */
export const reducedScores = (d: Draft, logits: NodeId, reduction: TrainingReduction | null): NodeId =>
  reduction === null || reduction === 'none' || d.nodes[logits].variants.length === 0
    ? logits
    : d.add('Reduce', [logits], { reduction: reduction as Reduction })

/**
 * Cross-entropy of scores `[classes]` and labels `[classes]` that add to 1, averaged over the batch and over all variants there still are. Of the labels,
 * `smoothing` is spread over all classes.
 */
export const crossEntropy = (d: Draft, scores: NodeId, labels: NodeId, classes: number, smoothing: number): NodeId => {
  const logs = d.add('Softmax', [scores], { log: true })
  const wanted = smoothing === 0 ? labels : affine(d, labels, 1 - smoothing, smoothing / classes)
  return meanOf(d, multiply(d, logs, wanted), -classes)
}

/** How far answers are from a teacher's, both of one type: scores, where a kind has them. */
type Distance = (d: Draft, own: NodeId, taught: NodeId, temperature: number) => NodeId

const cooled = (d: Draft, scores: NodeId, temperature: number): NodeId =>
  temperature === 1 ? scores : affine(d, scores, 1 / temperature, 0)

/**
 * Of classes T² times the Kullback-Leibler divergence of `softmax(own/T)` from `softmax(taught/T)`, averaged over examples and their pixels (Hinton, Vinyals,
 * Dean 2015, section 2).
 */
const ofClasses: Distance = (d, own, taught, temperature) => {
  const logs = (x: NodeId): NodeId => d.add('Softmax', [cooled(d, x, temperature)], { log: true })
  const [ownLogs, taughtLogs] = [logs(own), logs(taught)]
  const apart = pairwise(d, 'subtract', taughtLogs, ownLogs)
  const weighed = multiply(d, unary(d, 'exp', taughtLogs), apart)
  return meanOf(d, weighed, channelsOf(d, own) * temperature ** 2)
}

/** Of labels the same of `p` and `1 − p`, averaged over labels, too. */
const ofLabels: Distance = (d, own, taught, temperature) => {
  const [s, t] = [cooled(d, own, temperature), cooled(d, taught, temperature)]
  // With p = sigmoid(t): p·(log p − log sigmoid(s)) + (1 − p)·(log(1 − p) − log(1 − sigmoid(s))).
  const logs = pairwise(d, 'subtract', unary(d, 'softplus', s), unary(d, 'softplus', t))
  const apart = multiply(d, unary(d, 'sigmoid', t), pairwise(d, 'subtract', s, t))
  return meanOf(d, pairwise(d, 'subtract', logs, apart), temperature ** 2)
}

const squaredDistance = (d: Draft, own: NodeId, taught: NodeId): NodeId =>
  unary(d, 'square', pairwise(d, 'subtract', own, taught))

/** Of numbers the mean squared difference, which knows no temperature. */
const ofValues: Distance = (d, own, taught) => meanOf(d, squaredDistance(d, own, taught), 1)

/** Of directions the squared distance of vectors of unit length, `2 − 2·cos`. */
const ofDirections: Distance = (d, own, taught) =>
  meanOf(d, squaredDistance(d, unitLength(d, own), unitLength(d, taught)), channelsOf(d, own))

/** How far answers of a kind are from a teacher's: scores of those that are probabilities. */
export const distanceOf = (kind: OutputKind): Distance => {
  const { probabilities } = factsOfKind(kind)
  if (probabilities === 'softmax') return ofClasses
  if (probabilities === 'sigmoid') return ofLabels
  return kind === 'embedding' ? ofDirections : ofValues
}

/** How far answers are from what they are held against, scores where a kind has them: a mean over examples, their pixels and their labels. */
export interface Criterion {
  /** The inputs with what they are held against, each shaped as the output. */
  readonly inputs: readonly string[]
  readonly loss: (d: Draft, own: NodeId, held: readonly NodeId[]) => NodeId
}

/** Cross-entropy of each pixel, whose numbers in the target add to how much it counts. */
const ofPixels: Criterion = {
  inputs: [targetName],
  loss: (d, own, [target]) => crossEntropy(d, own, target, channelsOf(d, own), 0),
}

/** Binary cross-entropy of each label, `counted · softplus(s) − target · s`: the target is how much it counts where it holds, else 0. */
const ofEachLabel: Criterion = {
  inputs: [targetName, countedName],
  loss: (d, own, [target, counted]) => {
    const all = multiply(d, counted, unary(d, 'softplus', own))
    return meanOf(d, pairwise(d, 'subtract', all, multiply(d, target, own)), 1)
  },
}

const ofErrors: Criterion = {
  inputs: [targetName],
  loss: (d, own, [target]) => ofValues(d, own, target, 1),
}

/** What a network that is no classifier is trained by without a teacher, by what it answers. Means of squares are of what is normalized as images are. */
const criteria: Partial<Readonly<Record<OutputKind, Criterion>>> = {
  labels: ofEachLabel,
  values: ofErrors,
  'map-classes': ofPixels,
  'map-labels': ofEachLabel,
  'map-values': ofErrors,
}

/** What answers of a kind are trained by without a teacher; undefined where there is nothing to hold them against. */
export const criterionOf = (kind: OutputKind): Criterion | undefined => criteria[kind]

/** 1 for each class whose number is the largest. */
const largest = (d: Draft, x: NodeId): NodeId => {
  const column = d.add('Transpose', [d.add('Unflatten', [x], {})], { permutation: [2, 0, 1] })
  const most = d.add('GlobalPool', [column], { reduction: 'max' })
  const below = d.add('Binary', [most, x], { fn: 'subtract' })
  return affine(d, d.add('Unary', [below], { fn: 'step', alpha: 0, beta: 0 }), -1, 1)
}

/** How many examples, over all variants there still are, have their largest score where their largest label is. */
export const rightAnswers = (d: Draft, scores: NodeId, labels: NodeId): NodeId => {
  const hits = multiply(d, largest(d, scores), largest(d, labels))
  const each = d.add('ReduceTo', [hits], { to: vectorType(1), reduction: 'sum' })
  const once = d.add('Unary', [each], { fn: 'clip', alpha: 0, beta: 1 })
  return d.add('ReduceTo', [once], { to: sharedType([]), reduction: 'sum' })
}
