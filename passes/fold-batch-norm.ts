import { rewritePass } from './rewrite.ts'
import { foldRules } from './rules/fold.ts'

/** Inference only: batch normalization becomes part of the convolution or the matrix product before it. */
export const foldBatchNorm = rewritePass('fold-batch-norm', foldRules)
