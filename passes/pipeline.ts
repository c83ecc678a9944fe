import { evaluateConstants } from './evaluate-constants.ts'
import { foldBatchNorm } from './fold-batch-norm.ts'
import { insertBranches } from './insert-branches.ts'
import { mergeConvolutions } from './merge-convolutions.ts'
import { mergeVariants } from './merge-variants.ts'
import type { Pass } from './pass.ts'
import type { PlacedPlan } from './place-plan.ts'
import { removeDeadNodes } from './remove-dead-nodes.ts'
import { sharePrefix } from './share-prefix.ts'
import { sinkTransforms } from './sink-transforms.ts'
import { stackVariants } from './stack-variants.ts'
import { unroll } from './unroll.ts'

/** What libraries for test-time augmentation run: one full forward for each variant. */
export const naivePipeline = (plan: PlacedPlan): readonly Pass[] => [insertBranches(plan), unroll]

/**
 * How variants are run: all ops `apart`; the convolutions that a branch makes read one map `joined` into one, or `split` into even and odd halves; or
 * variants that share their weights `stacked` on the batch axis.
 */
export const schedules = ['apart', 'joined', 'split', 'stacked'] as const
export type Schedule = (typeof schedules)[number]

/** Rewrites one flat graph into an equal and cheaper one, for inference. */
export const optimizations = (schedule: Schedule = 'apart'): readonly Pass[] => [
  removeDeadNodes,
  sharePrefix,
  foldBatchNorm,
  sinkTransforms,
  sharePrefix,
  mergeVariants,
  ...(schedule === 'joined' || schedule === 'split' ? [mergeConvolutions(schedule)] : []),
  evaluateConstants,
  ...(schedule === 'stacked' ? [stackVariants] : []),
]

/** From a network and a plan to the graph that is run. */
export const inferencePipeline = (plan: PlacedPlan, schedule?: Schedule): readonly Pass[] => [
  ...naivePipeline(plan),
  ...optimizations(schedule),
]
