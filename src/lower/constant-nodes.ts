import type { Graph } from '../../ir/index.ts'

/** 1 for each node whose value no input reaches. */
export const constantNodes = (graph: Graph): Uint8Array => {
  const constant = new Uint8Array(graph.nodes.length)
  graph.nodes.forEach(({ tag, operands }, id) => {
    if (tag !== 'Input' && operands.every(operand => constant[operand])) constant[id] = 1
  })
  return constant
}
