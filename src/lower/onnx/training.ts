import { problem } from '../../../ir/index.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import { fail } from './error.ts'
import type { Lowering } from './lowering.ts'

/** Ops of training steps, which are not exported. @throws EspalierError */
export const trainingOnly =
  <T extends LoweredTag>(tag: T): Lowering<T> =>
  (_, { name }) =>
    fail([
      problem(
        'cannot-lower',
        name ?? tag,
        `the training op ${tag}`,
        'a graph for inference',
        'run training steps on TensorFlow or WebAssembly',
      ),
    ])
