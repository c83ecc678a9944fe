import type { Rule } from '../rule.ts'
import { cancelRules } from './cancel.ts'
import { foldRules } from './fold.ts'
import { fuseRules } from './fuse.ts'
import { mergeRules } from './merge.ts'
import { sinkRules } from './sink.ts'

export { cancelRules, foldRules, fuseRules, mergeRules, sinkRules }

/** Every law there is: a rule added to one of the lists is enrolled in every law suite. */
export const allRules: readonly Rule[] = [...cancelRules, ...sinkRules, ...fuseRules, ...foldRules, ...mergeRules]
