import { type Graph, isPerExample, type NodeId, shapeOf, sizeOf, variantCount } from '../ir/index.ts'
import { nodeMultiplyAdds } from './cost.ts'
import { type FlowEdge, minimumCut } from './minimum-cut.ts'

/** What a number costs, in multiplications with an addition. */
export interface NumberCosts {
  /** To fetch it from a runtime, gather it and feed it to the next stage. */
  readonly carry: number
  /** The same where only a stage after the next reads it. */
  readonly keep: number
  /** The same where it is outside of the runtime anyway: an input, or what is given. */
  readonly gather: number
  /** To compute it anew, beside the multiplications of its op. */
  readonly compute: number
}

/** What it takes to fetch a number of an image from a runtime and to gather it, in multiplications with an addition: measured on TensorFlow. */
export const fetching = 1024

/**
 * All images pay for what is carried, and only those that go on for what is computed anew: half of them, or fewer, to the next stage, and a sixteenth to one
 * after it.
 */
export const usualCosts: NumberCosts = { carry: 2 * fetching, keep: 16 * fetching, gather: 32, compute: 72 }

/** Where a graph is to part. */
export interface Parting {
  /** 1 for each node that the earlier stage computes. */
  readonly first: Uint8Array
  /** 1 for each node that what is later depends on. */
  readonly later: Uint8Array
  /** What the later stages give. */
  readonly read: readonly NodeId[]
  /** What the earlier one gives anyway. */
  readonly given: readonly NodeId[]
}

/**
 * What a later stage takes from an earlier one: of all ways to have what it needs the cheapest, where each value is either carried or computed again from
 * others. A minimum cut between what the earlier stage has and what the later one reads.
 */
export const carriedNodes = (
  graph: Graph,
  { first, later, read, given }: Parting,
  costs: Omit<NumberCosts, 'keep'>,
): readonly NodeId[] => {
  const { nodes } = graph
  const shared = nodes.flatMap(({ type }, id) => (first[id] && later[id] && isPerExample(type) ? [id] : []))
  const place = new Map(shared.map((id, k) => [id, k]))
  const [source, sink] = [2 * shared.length, 2 * shared.length + 1]
  const edges: FlowEdge[] = []
  const free = Number.POSITIVE_INFINITY
  const wanted = new Set(read)
  const outside = (id: NodeId): boolean => nodes[id].tag === 'Input' || given.includes(id)
  nodes.forEach(({ operands }, id) => {
    if (later[id] && !place.has(id)) for (const operand of operands) wanted.add(operand)
  })
  shared.forEach((id, k) => {
    const node = nodes[id]
    const size = sizeOf(shapeOf(node.type)) * variantCount(node.variants)
    // Stacks of variants are no type of an input.
    edges.push({
      from: 2 * k,
      to: 2 * k + 1,
      cost: node.variants.length > 0 ? free : size * (outside(id) ? costs.gather : costs.carry),
    })
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
