import { type CertaintyMeasure, type Problem, type Reduction, reductions, type Transform } from '../ir/index.ts'

/** Sets of transforms with a name. The variants of `rotate` and `scale` are drawn when a plan is placed on a network. */
export const setNames = ['flip', 'flipv', 'rot4', 'd4', 'shift4', 'rotate', 'scale'] as const
/** The name of a set of transforms. */
export type SetName = (typeof setNames)[number]
/** A set of transforms, by its name or spelled out. */
export type TransformSet = SetName | readonly Transform[]

/** The number of a place where a network may be branched: of a feature map, or of a cut behind it, counted from 1. */
export interface PlaceNumber {
  readonly map: number
  readonly cut?: number
}

/** `4`, or `4.2`: the second cut behind feature map 4. */
export const printPlace = ({ map, cut }: PlaceNumber): string => (cut === undefined ? `${map}` : `${map}.${cut}`)

/** The order of places on the way from the image to the answer. */
export const comparePlaces = (a: PlaceNumber, b: PlaceNumber): number => a.map - b.map || (a.cut ?? 0) - (b.cut ?? 0)

/** Where a branch stands: at a numbered place, at each of the last n feature maps, or at the k-th from the end. */
export type BranchPosition =
  | ({ readonly kind: 'map' } & PlaceNumber)
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'only'; readonly fromEnd: number }

/** Where a network branches, and into which transforms. */
export interface Site {
  readonly set: TransformSet
  readonly place: BranchPosition
}

/** The names of all reductions: which of them an output has, its kind says. */
export const planReductions = [...reductions, 'mean', 'min', 'median'] as const
/** How the answers of variants become one; of probabilities `sum` and `mean` are the same. */
export type PlanReduction = (typeof planReductions)[number]

/** How the losses of variants become one; `none` is their mean. */
export type TrainingReduction = Reduction | 'none'

/** Where to branch, by what, and how variants become one answer: a value, independent of any network. */
export interface FixedPlan {
  readonly sites: readonly Site[]
  readonly training: PlanReduction | 'none'
  readonly inference: PlanReduction | 'none'
  /** {identity, flip} at the image, at inference alone. */
  readonly tta: boolean
}

/** What an answer must show to be the last: a certainty that is not below a threshold from 0 to 1. */
export interface Gate {
  readonly measure: CertaintyMeasure
  readonly below: number
}

/** Plans in turn, with a gate after each but the last: an image whose answer is less certain than the gate asks goes on to the next. */
export interface AdaptivePlan {
  readonly stages: readonly FixedPlan[]
  readonly gates: readonly Gate[]
}

/** What a network is compiled under: one plan for all images, or stages that images go through as far as they need. */
export type Plan = FixedPlan | AdaptivePlan

/** Whether a plan has stages. */
export const isAdaptive = (plan: Plan): plan is AdaptivePlan => 'stages' in plan

/** The stages of a plan: of a fixed one, itself. */
export const stagesOf = (plan: Plan): readonly FixedPlan[] => (isAdaptive(plan) ? plan.stages : [plan])

/** Problems of a plan’s text or file. */
export type PlanProblem = Problem<'bad-plan'>
