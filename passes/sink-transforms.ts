import { rewritePass } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { cancelRules } from './rules/cancel.ts'
import { equivarianceRules } from './rules/equivariance.ts'
import { fuseRules } from './rules/fuse.ts'
import { sinkRules } from './rules/sink.ts'

/** The rules that move acts; they hold in training too. */
const actRules: readonly Rule<'both'>[] = [...cancelRules, ...equivarianceRules, ...sinkRules, ...fuseRules]

/** Moves every D4 act downstream: past ops that it commutes with, into the weights of convolutions and dense layers; inverse acts cancel, and global pooling drops the rest. */
export const sinkTransforms = rewritePass('sink-transforms', actRules)
