import { type Graph, isPerExample, type NodeId, shapeOf, sizeOf, variantCount } from '../ir/index.ts'
import { nodeMultiplyAdds } from './cost.ts'
import { type FlowEdge, minimumCut } from './minimum-cut.ts'

/** What it costs to write a number, gather it and give it to the next stage, and to compute one anew, in multiplications with an addition. */
const costs = { carry: 32, compute: 4 } as const

/**
 * What a later stage takes from an earlier one: of all ways to have what it needs the cheapest, where each value is either carried or computed again from
 * others. A minimum cut between what the earlier stage has and what the later one reads.
 */
export const carriedNodes = (
  graph: Graph,
  first: Uint8Array,
  later: Uint8Array,
  read: readonly NodeId[],
): readonly NodeId[] => {
  const { nodes } = graph
  const shared = nodes.flatMap(({ type }, id) => (first[id] && later[id] && isPerExample(type) ? [id] : []))
  const place = new Map(shared.map((id, k) => [id, k]))
  const [source, sink] = [2 * shared.length, 2 * shared.length + 1]
  const edges: FlowEdge[] = []
  const free = Number.POSITIVE_INFINITY
  const wanted = new Set(read)
  nodes.forEach(({ operands }, id) => {
    if (later[id] && !place.has(id)) for (const operand of operands) wanted.add(operand)
  })
  shared.forEach((id, k) => {
    const node = nodes[id]
    const size = sizeOf(shapeOf(node.type)) * variantCount(node.variants)
    // Stacks of variants are no type of an input.
    edges.push({ from: 2 * k, to: 2 * k + 1, cost: node.variants.length > 0 ? free : size * costs.carry })
    edges.push({
      from: source,
      to: 2 * k,
      cost: node.tag === 'Input' ? free : nodeMultiplyAdds(graph, node) + size * costs.compute,
    })
    for (const operand of node.operands) {
      const at = place.get(operand)
      if (at !== undefined) edges.push({ from: 2 * at + 1, to: 2 * k, cost: free })
    }
    if (wanted.has(id)) edges.push({ from: 2 * k + 1, to: sink, cost: free })
  })
  const stays = minimumCut(sink + 1, edges, source, sink)
  return shared.filter((_, k) => stays[2 * k] && !stays[2 * k + 1])
}
