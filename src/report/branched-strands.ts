import { type Graph, isPerExample, liveNodes, type NodeId } from '../../ir/index.ts'
import { valuesOf } from './meeting.ts'
import type { Segment, Strands } from './strand.ts'

/** A branched graph as one column: what runs once, what runs for the variants of the first branch, of the first and the second, and the answer. */
export const branchedStrands = (graph: Graph): Strands => {
  const live = liveNodes(graph)
  const reduced = graph.nodes.map(({ tag }) => tag === 'Reduce')
  graph.nodes.forEach(({ operands }, id) => {
    if (operands.some(operand => reduced[operand])) reduced[id] = true
  })
  const answer: NodeId[] = []
  const byAxes = new Map<string, NodeId[]>()
  graph.nodes.forEach((node, id) => {
    if (!live[id] || !isPerExample(node.type)) return
    const axes = node.variants.map(({ name }) => name).join('\n')
    const alike = byAxes.get(axes)
    if (reduced[id]) answer.push(id)
    else if (alike === undefined) byAxes.set(axes, [id])
    else alike.push(id)
  })
  const segments = [...byAxes.values()]
    .map(nodes => ({ nodes, values: valuesOf(graph, nodes[0]) }))
    .sort((a, b) => a.values - b.values)
    .map((part, rank): Segment => ({ ...part, column: 0, span: 1, rank, parent: rank === 0 ? null : rank - 1 }))
  const ends = graph.outputs.slice(0, 1).map(({ node }) => node)
  return { columns: 1, segments, bands: [{ rank: 0, order: [0] }], ends, answer }
}
