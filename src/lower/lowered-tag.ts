import type { OpTag } from '../../ir/index.ts'

/** The ops that compute something; sources are given, and `Branch` and `Reduce` are gone from flat graphs. */
export type LoweredTag = Exclude<OpTag, 'Input' | 'Parameter' | 'Branch' | 'Reduce'>
