import type { TrainingReduction } from './plan.ts'

/** What AdamW averages gradients and their squares by, and what it adds to the root of these. */
export interface AdamW {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

/** What of a recipe is part of every step. */
export interface StepRecipe {
  /** `none`: the criterion on every variant, averaged; else on the reduced scores. Only a classifier's are reduced by it: other outputs are as the plan was placed. */
  readonly loss: TrainingReduction
  /** How much of each label is spread over all classes, from 0 to 1. Of a classifier's labels: targets come with it. */
  readonly labelSmoothing: number
  /** Of a network that is no classifier: the number of the output that is held against a target. */
  readonly target?: number | undefined
  /** A teacher's answers to learn from: `weight` of the loss is how far the scores are from them, the rest the criterion. */
  readonly teacher?: { readonly temperature: number; readonly weight: number } | undefined
  /** Of descent without AdamW. */
  readonly momentum: number
  readonly nesterov: boolean
  readonly adamw?: AdamW | undefined
  /** By the parameter’s name. */
  readonly weightDecay: (parameter: string) => number
  /** The largest length that all gradients together may have, as one vector, before weight decay; longer ones are scaled down. Default: any. */
  readonly gradientClipping?: number
  /** What running statistics take over of a batch's. */
  readonly batchNormMomentum: number
  /** Parameters that stay as they are; a normalization keeps its statistics where both are among them. */
  readonly fixed?: ReadonlySet<string> | undefined
  /** Whether all that comes before the first branch stays as it is too, so that its gradients are not computed. */
  readonly fixesShared?: boolean | undefined
}

/** Names of inputs beside the images and what is carried from step to step. */
export const labelsName = 'labels'
/** The input with what an output is held against, shaped as it is. */
export const targetName = 'target'
/** The input with how much each label counts, shaped as the target: of outputs whose numbers are labels. */
export const countedName = 'counted'
/** The input with a teacher's answers to the k-th output, shaped as it is: scores, where its kind has them. */
export const teacherName = (k: number): string => (k === 0 ? 'teacher' : `teacher ${k + 1}`)
/** The input with the learning rate. */
export const rateName = 'learning rate'
/** Names of outputs beside what is carried. */
export const lossName = 'loss'
/** The output with how many images were answered right. */
export const correctName = 'correct'
/** The inputs with what AdamW's averages are multiplied by, so that those of few steps count in full: {@link corrections}. */
export const correctionNames = ['first correction', 'second correction'] as const
/** What a parameter’s velocity is carried under, or the average of its gradients. */
export const velocityName = (parameter: string): string => `velocity of ${parameter}`
/** What the average of a parameter’s squared gradients is carried under. */
export const secondMomentName = (parameter: string): string => `second moment of ${parameter}`

/** Of the step with that number, from 1: `1/(1 − β₁ᵗ)`, and `1/√(1 − β₂ᵗ)` for the root of the squares. */
export const corrections = ({ beta1, beta2 }: AdamW, step: number): readonly [first: number, second: number] => [
  1 / (1 - beta1 ** step),
  1 / Math.sqrt(1 - beta2 ** step),
]
