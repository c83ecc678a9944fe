import { rewritePass } from './rewrite.ts'
import { mergeRules } from './rules/merge.ts'

/** Equal variants are reduced once with their multiplicity. */
export const mergeVariants = rewritePass('merge-variants', mergeRules)
