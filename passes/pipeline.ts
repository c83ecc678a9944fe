import { mergeWherePaid, sinkWherePaid, stackWherePaid } from './choose-schedule.ts'
import type { Predict } from './cost-model.ts'
import { dropSymmetricActs } from './drop-symmetric-acts.ts'
import { eachStage } from './each-stage.ts'
import { evaluateConstants } from './evaluate-constants.ts'
import { foldBatchNorm } from './fold-batch-norm.ts'
import { insertBranches } from './insert-branches.ts'
import { mergeConvolutions } from './merge-convolutions.ts'
import { mergeVariants } from './merge-variants.ts'
import type { Pass } from './pass.ts'
import type { PlacedPlan, PlacedStages } from './placed-plan.ts'
import { removeDeadNodes } from './remove-dead-nodes.ts'
import { sharePrefix } from './share-prefix.ts'
import { sinkTransforms } from './sink-transforms.ts'
import { stackVariants } from './stack-variants.ts'
import { unroll } from './unroll.ts'

/** What libraries for test-time augmentation run: one full forward for each variant. */
export const naivePipeline = (plan: PlacedPlan | PlacedStages): readonly Pass[] => [insertBranches(plan), unroll]

/**
 * How variants are run: all ops `apart`; the convolutions that a branch makes read one map `joined` into one, or `split` into even and odd halves;
 * variants that share their weights `stacked` on the batch axis.
 */
export const schedules = ['apart', 'joined', 'split', 'stacked', 'joined+stacked', 'split+stacked'] as const
/** How the variants of a plan are run. */
export type Schedule = (typeof schedules)[number]

/** A schedule, or whatever is predicted to be the cheapest. */
export type Scheduling = Schedule | { readonly cheapestBy: Predict }

const merging = (scheduling: Scheduling): readonly Pass[] => {
  if (typeof scheduling !== 'string') return [mergeWherePaid(scheduling.cheapestBy)]
  if (scheduling.startsWith('joined')) return [mergeConvolutions('joined')]
  return scheduling.startsWith('split') ? [mergeConvolutions('split')] : []
}

const stacking = (scheduling: Scheduling): readonly Pass[] => {
  if (typeof scheduling !== 'string') return [stackWherePaid(scheduling.cheapestBy)]
  return scheduling.endsWith('stacked') ? [stackVariants] : []
}

/** Rewrites one flat graph into an equal and cheaper one, for inference. */
export const optimizations = (scheduling: Scheduling = 'apart'): readonly Pass[] => [
  removeDeadNodes,
  sharePrefix,
  foldBatchNorm,
  typeof scheduling === 'string' ? sinkTransforms : sinkWherePaid(scheduling.cheapestBy),
  dropSymmetricActs,
  sharePrefix,
  mergeVariants,
  ...merging(scheduling).map(eachStage),
  evaluateConstants,
  ...stacking(scheduling).map(eachStage),
]

/** What a network goes through before its loss is added. */
export const trainingPipeline = (plan: PlacedPlan): readonly Pass<'both'>[] => [insertBranches(plan), removeDeadNodes]

/** What a training step goes through when it has its gradients. */
export const stepOptimizations: readonly Pass<'both'>[] = [sharePrefix, removeDeadNodes]

/** From a network and a plan to the graph that is run. */
export const inferencePipeline = (plan: PlacedPlan | PlacedStages, scheduling?: Scheduling): readonly Pass[] => [
  ...naivePipeline(plan),
  ...optimizations(scheduling),
]
