import { type NodeId, Reduction, type Transform } from '../ir/index.ts'
import type { NetworkOutput } from './output-kinds.ts'
import type { Gate, PlaceNumber, PlanReduction } from './plan.ts'

/** A branch (or, with one transform, a transform) at a place of a given graph. */
export interface PlacedSite extends PlaceNumber {
  /** What is transformed: a feature map, or all maps of a cut. */
  readonly values: readonly NodeId[]
  /** Nodes before the place that read one of them, as it was. */
  readonly before: readonly NodeId[]
  readonly transforms: readonly Transform[]
  /** What training draws anew for every variant and step, in place of these. */
  readonly drawn?: 'rotate' | 'scale'
}

/** A plan on a given network, for inference: every site's node and variants, drawn. */
export interface PlacedPlan {
  readonly name: string
  readonly sites: readonly PlacedSite[]
  /** One for each output of the network, in its order. */
  readonly outputs: readonly PlacedOutput[]
}

/** An output with the reduction of its variants; null where nothing branches. */
export interface PlacedOutput extends Omit<NetworkOutput, 'reduction'> {
  readonly reduction: PlanReduction | null
}

/** An adaptive plan on a given network: each of its stages placed, with the gates between them. */
export interface PlacedStages {
  readonly name: string
  readonly stages: readonly PlacedPlan[]
  readonly gates: readonly Gate[]
}

/** The stages of a placed plan: of a fixed one, itself. */
export const placedStages = (plan: PlacedPlan | PlacedStages): readonly PlacedPlan[] =>
  'stages' in plan ? plan.stages : [plan]

/** How a plan reduces the scores of a classifier, its network's first output; null where nothing branches. */
export const scoreReduction = ({ outputs: [{ reduction }] }: PlacedPlan): Reduction | null =>
  reduction === null || Reduction.is(reduction) ? reduction : 'sum'
