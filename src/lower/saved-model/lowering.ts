import { type AttributesOf, type Graph, type NodeId, type Typing, useCounts } from '../../../ir/index.ts'
import type { UnaryFunction } from '../../../ir/ops/pointwise.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import type { Emitter, Value } from './emitter.ts'

/** What decides whether TensorFlow's kernels fuse a node with what comes after it. */
export interface Readers {
  /** The function that alone reads the node. */
  readonly only: UnaryFunction | undefined
  /** Whether some function of each number reads it. */
  readonly functions: boolean
}

export const readersOf = (graph: Graph): ((id: NodeId) => Readers) => {
  const uses = useCounts(graph)
  const functions = new Map<NodeId, UnaryFunction>()
  for (const node of graph.nodes) if (node.tag === 'Unary') functions.set(node.operands[0], node.attributes.fn)
  return id => ({ only: uses[id] === 1 ? functions.get(id) : undefined, functions: functions.has(id) })
}

/** One node as TensorFlow's nodes. Per-example operands carry the batch, of any size, as their first axis. */
export type Lowering<T extends LoweredTag> = (
  emit: Emitter,
  operands: readonly Value[],
  attributes: AttributesOf<T>,
  typing: Typing,
  readers: Readers,
) => Value
