import type { Constant } from './constant.ts'
import { readBy, renameNodes } from './names.ts'
import { neighbours } from './neighbours.ts'
import type { GraphProto, NodeProto } from './schema.ts'

/**
 * A graph without `Where(IsNaN(p), 0, p)` of a softmax p, which PyTorch writes for rows that a mask leaves nothing of: no other row is without a number, and
 * what is none stays none here.
 */
export const withoutNanGuards = (graph: GraphProto, initializers: ReadonlyMap<string, Constant>): GraphProto => {
  if (!graph.node.some(({ op_type }) => op_type === 'IsNaN')) return graph
  const at = neighbours(graph, initializers)
  const guarded = (node: NodeProto): string | undefined => {
    const [condition, otherwise, p] = node.op_type === 'Where' ? node.input : []
    const asks = at.producer(condition)
    const isGuard = asks?.op_type === 'IsNaN' && asks.input[0] === p && at.producer(p)?.op_type === 'Softmax'
    return isGuard && at.scalar(otherwise) === 0 ? p : undefined
  }
  const outputs = new Set(graph.output.map(({ name }) => name))
  const bare = new Map(
    graph.node.flatMap(node => {
      const p = outputs.has(node.output[0]) ? undefined : guarded(node)
      return p === undefined ? [] : [[node.output[0], p] as const]
    }),
  )
  if (bare.size === 0) return graph
  const kept = renameNodes(
    graph.node.filter(({ output }) => !bare.has(output[0])),
    name => bare.get(name) ?? name,
  )
  const read = new Set(kept.flatMap(readBy))
  return { ...graph, node: kept.filter(({ op_type, output }) => op_type !== 'IsNaN' || read.has(output[0])) }
}
