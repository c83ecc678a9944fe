import type { Graph, NodeId, Tensor } from '../../../ir/index.ts'
import { constantName } from '../../../passes/evaluate-constants.ts'
import { constantNodes } from '../constant-nodes.ts'
import type { LoweredTag } from '../lowered-tag.ts'
import { constantValues } from './constants.ts'
import { loweringOf } from './lowerings.ts'
import { computedOperand, constantOperand, type Operand } from './operands.ts'
import { stepsOf } from './steps.ts'
import type { Port, Writer } from './writer.ts'

/** Every shared value that is known now and read at a call, or given as an output. */
const readConstants = (
  graph: Graph,
  constant: Uint8Array,
  operands: readonly (readonly NodeId[])[],
): ReadonlySet<NodeId> =>
  new Set([...operands.flat(), ...graph.outputs.map(({ node }) => node)].filter(id => constant[id] === 1))

/** An output with the value that it is. */
export interface Written extends Port {
  readonly value: string
}

/** Writes what a legal graph computes from given values of its inputs; maps are `[n, c, h, w]`. */
export const writeGraph = (
  w: Writer,
  graph: Graph,
  given: ReadonlyMap<string, string>,
  parameters: ReadonlyMap<string, Tensor>,
): readonly Written[] => {
  const constant = constantNodes(graph)
  const steps = stepsOf(graph, constant)
  const known = constantValues(
    graph,
    readConstants(
      graph,
      constant,
      steps.map(step => step.operands),
    ),
    parameters,
  )
  const operands = new Map<NodeId, Operand>()
  for (const [id, value] of known) {
    const stem = constantName(graph, id)
    const { tag, type } = graph.nodes[id]
    operands.set(id, constantOperand(w, tag === 'Parameter' ? `parameter ${stem}` : `%${id}`, type, stem, value))
  }
  graph.nodes.forEach((node, id) => {
    const value = node.tag === 'Input' ? given.get(node.attributes.name) : undefined
    if (value !== undefined) operands.set(id, computedOperand(w, node.type, value))
  })
  const operandOf = (id: NodeId): Operand => operands.get(id) as Operand
  for (const step of steps) {
    const head = graph.nodes[step.head]
    const value = loweringOf(head.tag as LoweredTag)(w, {
      attributes: head.attributes as never,
      operands: step.operands.map(operandOf),
      result: head.type,
      name: head.name || graph.nodes[step.id].name || undefined,
    })
    operands.set(step.id, computedOperand(w, head.type, value))
  }
  return graph.outputs.map(({ name, node }) => ({ name, type: graph.nodes[node].type, value: operandOf(node).value() }))
}
