import { evaluateConstants } from './evaluate-constants.ts'
import { foldBatchNorm } from './fold-batch-norm.ts'
import { insertBranches } from './insert-branches.ts'
import { mergeVariants } from './merge-variants.ts'
import type { Pass } from './pass.ts'
import type { PlacedPlan } from './place-plan.ts'
import { removeDeadNodes } from './remove-dead-nodes.ts'
import { sharePrefix } from './share-prefix.ts'
import { sinkTransforms } from './sink-transforms.ts'
import { unroll } from './unroll.ts'

/** What libraries for test-time augmentation run: one full forward for each variant. */
export const naivePipeline = (plan: PlacedPlan): readonly Pass[] => [insertBranches(plan), unroll]

/** Rewrites one flat graph into an equal and cheaper one, for inference. */
export const optimizations: readonly Pass[] = [
  removeDeadNodes,
  sharePrefix,
  foldBatchNorm,
  sinkTransforms,
  sharePrefix,
  mergeVariants,
  evaluateConstants,
]

/** From a network and a plan to the graph that is run. */
export const inferencePipeline = (plan: PlacedPlan): readonly Pass[] => [...naivePipeline(plan), ...optimizations]
