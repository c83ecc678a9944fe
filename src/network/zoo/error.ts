import type { Problem } from '../../../ir/index.ts'

/** What is wrong with the name of a zoo network or with what is asked of it. */
export type ZooProblem = Problem<
  'bad-classes' | 'bad-depth' | 'bad-size' | 'too-large' | 'unknown-network' | 'unknown-option'
>

/** What is wrong with trained tensors for a network. */
export type TensorProblem = Problem<'extra-tensor' | 'misshapen-tensor' | 'missing-tensor'>
