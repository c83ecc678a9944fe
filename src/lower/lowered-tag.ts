import type { OpTag } from '../../ir/index.ts'

/** The ops of legal graphs that compute something: sources are given, `Branch` and `Reduce` are gone from flat graphs, and a `Shift` is pads. */
export type LoweredTag = Exclude<OpTag, 'Input' | 'Parameter' | 'Branch' | 'Undo' | 'Reduce' | 'Shift'>
