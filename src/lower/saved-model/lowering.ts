import type { AttributesOf, Typing } from '../../../ir/index.ts'
import type { LoweredTag } from '../tfjs/kernel.ts'
import type { Emitter, Value } from './emitter.ts'

/** One node as TensorFlow's nodes. Per-example operands carry the batch, of any size, as their first axis. */
export type Lowering<T extends LoweredTag> = (
  emit: Emitter,
  operands: readonly Value[],
  attributes: AttributesOf<T>,
  typing: Typing,
) => Value
