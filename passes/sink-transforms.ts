import { rewritePass } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { cancelRules } from './rules/cancel.ts'
import { equivarianceRules } from './rules/equivariance.ts'
import { fuseRules } from './rules/fuse.ts'
import { sinkRules } from './rules/sink.ts'

/** All that carries acts: it holds in training too. */
const actRules: readonly Rule<'both'>[] = [...cancelRules, ...equivarianceRules, ...sinkRules, ...fuseRules]

/** Carries every D4 act downstream: past what it commutes with, into the weights of what sees it, until it meets its inverse or dies at a global pooling. */
export const sinkTransforms = rewritePass('sink-transforms', actRules)
