import { type Graph, liveNodes, type NodeId, type Tensor as Values } from '../../../ir/index.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import type { Precision } from '../precision.ts'
import { cast } from './arrange.ts'
import { batchNormalizations } from './batch-normalization.ts'
import type { Emitter, Value } from './emitter.ts'
import { formatsOf } from './formats.ts'
import { type Lowering, readersOf } from './lowering.ts'
import { lowerings } from './lowerings.ts'
import type { Format } from './schema.ts'

/** Adds a graph's live nodes but for its inputs, whose float32 values are given, and gives every output's, float32 too. Nodes are named after where in the network they come from. */
export const emitBody = (
  emit: Emitter,
  graph: Graph,
  inputs: ReadonlyMap<string, Value>,
  parameters: ReadonlyMap<string, Values>,
  precision: Precision,
  enter: (scope: string) => void,
): readonly Value[] => {
  const { nodes } = graph
  const live = liveNodes(graph)
  const formats = formatsOf(graph, precision)
  const readers = readersOf(graph)
  const values = new Map<NodeId, Value>()
  const instead = batchNormalizations(graph, formats)
  const casts = new Map<string, Value>()
  const read = (id: NodeId, format: Format): Value => {
    const value = values.get(id) as Value
    if (value.format === format) return value
    const known = casts.get(value.node + value.index)
    if (known !== undefined) return known
    const made = cast(emit, value, format)
    casts.set(value.node + value.index, made)
    return made
  }
  nodes.forEach((node, id) => {
    if (!live[id]) return
    if (node.tag === 'Input') {
      values.set(id, inputs.get(node.attributes.name) as Value)
      return
    }
    enter((node.name ?? node.tag).replaceAll('.', '/'))
    if (node.tag === 'Parameter') {
      const { shape, data } = parameters.get(node.attributes.name) as Values
      values.set(id, emit.constant(shape, data, formats.of(id)))
      return
    }
    const fused = instead.get(id)
    if (fused !== undefined) {
      values.set(id, fused(emit, read))
      return
    }
    const lowering = lowerings[node.tag as LoweredTag] as Lowering<never>
    const operands = node.operands.map((operand, k) => read(operand, formats.read(id, k)))
    const typing = { operands: node.operands.map(operand => nodes[operand].type), result: node.type }
    values.set(id, lowering(emit, operands, node.attributes as never, typing, readers(id)))
  })
  return graph.outputs.map(({ node }) => read(node, 'float32'))
}
