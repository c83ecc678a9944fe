import { rewritePass } from './rewrite.ts'
import { cancelRules } from './rules/cancel.ts'
import { fuseRules } from './rules/fuse.ts'
import { sinkRules } from './rules/sink.ts'

/** Carries every D4 act downstream: past what it commutes with, into the weights of what sees it, until it meets its inverse or dies at a global pooling. */
export const sinkTransforms = rewritePass('sink-transforms', [...cancelRules, ...sinkRules, ...fuseRules])
