import { rewritePass } from './rewrite.ts'
import { foldRules } from './rules/fold.ts'

/** Batch normalization becomes part of the convolution or the matrix product before it. */
export const foldBatchNorm = rewritePass('fold-batch-norm', foldRules)
