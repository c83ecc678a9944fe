import { expect, it } from 'vitest'
import {
  allRules,
  dropSymmetricActs,
  evaluateConstants,
  foldBatchNorm,
  foldRules,
  type Mode,
  mergeRules,
  mergeVariants,
  optimizations,
  type Pass,
  type Rule,
  removeDeadNodes,
  rewritePass,
  sharePrefix,
  sinkTransforms,
  stackBranches,
  stackVariants,
  stepOptimizations,
  unroll,
} from '../../passes/index.ts'

const modesIn = (...passes: readonly Pass<'both'>[]): readonly Mode[] => passes.map(({ mode }) => mode)
const modesOf = (rules: readonly Rule<'both'>[]): readonly Mode[] => rules.map(({ mode }) => mode)

it('a training pipeline takes what holds in training', () => {
  const modes = modesIn(...stepOptimizations, removeDeadNodes, sharePrefix, sinkTransforms, stackBranches)
  expect(new Set(modes)).toEqual(new Set(['both']))
})

it('what holds in inference only does not compile there', () => {
  const refused = [
    // @ts-expect-error: normalizations by the batch's own statistics are not folded
    ...modesOf(foldRules),
    // @ts-expect-error: every copy of a variant counts in batch statistics
    ...modesOf(mergeRules),
    // @ts-expect-error: a pass holds where all its rules do
    ...modesIn(foldBatchNorm),
    // @ts-expect-error
    ...modesIn(mergeVariants),
    // @ts-expect-error
    ...modesIn(rewritePass('every rule', allRules)),
    // @ts-expect-error: weights do not stay symmetric
    ...modesIn(dropSymmetricActs),
    // @ts-expect-error: what is trained is no constant
    ...modesIn(evaluateConstants),
    // @ts-expect-error: statistics of one variant are not those of all
    ...modesIn(unroll),
    // @ts-expect-error
    ...modesIn(stackVariants),
    // @ts-expect-error
    ...modesIn(...optimizations()),
  ]
  expect(refused).toContain('inference')
})
