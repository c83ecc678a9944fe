import { type Graph, isPerExample, type Node, type NodeId } from '../ir/index.ts'

export const perExampleOperands = ({ nodes }: Graph, node: Node): readonly NodeId[] =>
  node.operands.filter(id => isPerExample(nodes[id].type))

/**
 * Per-example nodes grouped by their distance from the outputs, the farthest first: nodes of one wave do not depend on one another. Counted from the end,
 * because variants differ at the beginning: an extra transform there does not shift the later layers of one variant against those of another.
 */
export const waves = (graph: Graph): readonly (readonly NodeId[])[] => {
  const distance = new Int32Array(graph.nodes.length)
  const found: NodeId[][] = []
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id]
    if (!isPerExample(node.type)) continue
    for (const operand of perExampleOperands(graph, node))
      distance[operand] = Math.max(distance[operand], distance[id] + 1)
    const wave = found[distance[id]]
    if (wave === undefined) found[distance[id]] = [id]
    else wave.push(id)
  }
  return found.map(wave => wave.reverse()).reverse()
}
