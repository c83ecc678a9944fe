import { type Graph, isPerExample, type Node } from '../ir/index.ts'

/** Convolutions and matrix products: the ops that stacking is for. */
export const isWeighted = (node: Node): boolean => node.tag === 'Conv2d' || node.tag === 'Dense'

/**
 * For each node, as text, the weighted ops that read it or what ops of one per-example operand make of it; empty where there are none. Values with the
 * same downstream weights may be stacked. An op of two such operands ends the search: its own result is looked at instead.
 */
export const downstreamWeights = (graph: Graph): readonly string[] => {
  const readers: Set<string>[] = graph.nodes.map(() => new Set())
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id]
    const operands = node.operands.filter(operand => isPerExample(graph.nodes[operand].type))
    if (isWeighted(node)) {
      const [input, weights] = node.operands
      readers[input].add(`${node.tag} ${weights} ${JSON.stringify(node.attributes)}`)
    } else if (operands.length === 1 && node.tag !== 'Combine')
      for (const reader of readers[id]) readers[operands[0]].add(reader)
  }
  return readers.map(each => [...each].sort().join('; '))
}
