import type { Rule } from '../rule.ts'
import { cancelRules } from './cancel.ts'
import { equivarianceRules } from './equivariance.ts'
import { foldRules } from './fold.ts'
import { fuseRules } from './fuse.ts'
import { legalRules } from './legalize.ts'
import { mergeRules } from './merge.ts'
import { sinkRules } from './sink.ts'

export { cancelRules, equivarianceRules, foldRules, fuseRules, legalRules, mergeRules, sinkRules }

/** Every law there is: a rule added to one of the lists, or an op that declares how D4 acts on it, is enrolled in every law suite. */
export const allRules: readonly Rule[] = [
  ...cancelRules,
  ...equivarianceRules,
  ...sinkRules,
  ...fuseRules,
  ...foldRules,
  ...mergeRules,
  ...legalRules,
]
