import { type Draft, type NodeId, type Reduction, sharedType, vectorType } from '../ir/index.ts'
import type { TrainingReduction } from './plan.ts'

const affine = (d: Draft, x: NodeId, alpha: number, beta: number): NodeId =>
  d.add('Unary', [x], { fn: 'affine', alpha, beta })
const multiply = (d: Draft, a: NodeId, b: NodeId): NodeId => d.add('Binary', [a, b], { fn: 'multiply' })

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
  const mean = d.add('ReduceTo', [multiply(d, logs, wanted)], { to: sharedType([]), reduction: 'mean' })
  return affine(d, mean, -classes, 0)
}

/**
 * How far scores `[classes]` are from a teacher's: T² times the Kullback-Leibler divergence of `softmax(scores/T)` from `softmax(teacher/T)`, averaged as
 * {@link crossEntropy} is (Hinton, Vinyals, Dean 2015, section 2).
 */
export const divergence = (d: Draft, scores: NodeId, teacher: NodeId, classes: number, temperature: number): NodeId => {
  const logs = (x: NodeId): NodeId =>
    d.add('Softmax', [temperature === 1 ? x : affine(d, x, 1 / temperature, 0)], { log: true })
  const [own, taught] = [logs(scores), logs(teacher)]
  const apart = d.add('Binary', [taught, own], { fn: 'subtract' })
  const weighed = multiply(d, d.add('Unary', [taught], { fn: 'exp', alpha: 0, beta: 0 }), apart)
  const mean = d.add('ReduceTo', [weighed], { to: sharedType([]), reduction: 'mean' })
  return affine(d, mean, classes * temperature ** 2, 0)
}

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
