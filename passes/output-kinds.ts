import type { MapType, Problem, VectorType } from '../ir/index.ts'
import type { PlanReduction } from './plan.ts'

/** What the answers of a kind are, and how those of variants become one. */
export interface OutputKindFacts {
  /** What type an output of that kind has. A map moves with the image: what a variant did to the image is undone on it. */
  readonly type: (VectorType | MapType)['kind']
  /** How probabilities come from scores: over the channels, or each number for itself. Absent where the answer is no probability. */
  readonly probabilities?: 'softmax' | 'sigmoid'
  /** The reductions that make sense, the usual one first. */
  readonly reductions: readonly PlanReduction[]
  /** What it is, for people. */
  readonly says: string
}

const ofProbabilities = ['geo', 'mean', 'sum', 'max'] as const
const ofValues = ['mean', 'min', 'max', 'sum', 'median'] as const

/** Every kind of output there is. */
export const outputKinds = {
  classes: {
    type: 'Vector',
    probabilities: 'softmax',
    reductions: ofProbabilities,
    says: 'scores of classes, of which one holds',
  },
  labels: {
    type: 'Vector',
    probabilities: 'sigmoid',
    reductions: [...ofProbabilities, 'min'],
    says: 'scores of labels, each of which holds or does not',
  },
  embedding: { type: 'Vector', reductions: ['mean'], says: 'a direction, of unit length where variants are reduced' },
  values: { type: 'Vector', reductions: ofValues, says: 'numbers, as of a regression' },
  'map-classes': {
    type: 'Map',
    probabilities: 'softmax',
    reductions: ofProbabilities,
    says: 'classes of each pixel',
  },
  'map-labels': {
    type: 'Map',
    probabilities: 'sigmoid',
    reductions: [...ofProbabilities, 'min'],
    says: 'labels of each pixel',
  },
  'map-values': { type: 'Map', reductions: ofValues, says: 'numbers of each pixel: an image, depth' },
  heatmaps: { type: 'Map', reductions: ofValues, says: 'where each point is, a channel a point' },
} as const satisfies Readonly<Record<string, OutputKindFacts>>

/** The name of a kind of output. */
export type OutputKind = keyof typeof outputKinds
/** The names of all kinds. */
export const outputKindNames = Object.keys(outputKinds) as readonly OutputKind[]

/** What is known of a kind. */
export const factsOfKind = (kind: OutputKind): OutputKindFacts => outputKinds[kind]

/** An output of a network: its name in the graph, and what it is. */
export interface NetworkOutput {
  readonly name: string
  readonly kind: OutputKind
  /** Of a kind that answers in probabilities: whether the graph gives them, or the scores that they come from. */
  readonly gives?: 'scores' | 'probabilities'
  /** Of heatmaps: channels that change places in a mirror, left and right. */
  readonly pairs?: readonly (readonly [left: number, right: number])[]
  /** How its variants become one, in place of what a plan says. */
  readonly reduction?: PlanReduction
}

/** The one output of a classifier, `logits`: what a network without other outputs has. */
export const classifierOutputs: readonly NetworkOutput[] = [{ name: 'logits', kind: 'classes', gives: 'scores' }]

/** Whether outputs are a classifier's: one, of classes. */
export const areOfClasses = (outputs: readonly Pick<NetworkOutput, 'kind'>[]): boolean =>
  outputs.length === 1 && outputs[0].kind === 'classes'

/** Problems of what is said of outputs. */
export type OutputProblem = Problem<'bad-output'>
