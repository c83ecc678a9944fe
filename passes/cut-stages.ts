import {
  addLike,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  type Output,
  shapeOf,
  sizeOf,
  variantCount,
} from '../ir/index.ts'
import { nodeMultiplyAdds } from './cost.ts'
import { type FlowEdge, minimumCut } from './minimum-cut.ts'

/** What runs for the images that come so far: a graph of its own, fed by the stage before it. */
export interface Stage {
  /**
   * Its inputs are the network's and values carried from the stage before. Its outputs are the answers, under their names, and but for the last stage the
   * certainty and what later stages need.
   */
  readonly graph: Graph
  /** Absent from the last stage. */
  readonly gate?: StageGate
}

/** Which images go on, and with what. */
export interface StageGate {
  /** The output that says how certain the answer is. */
  readonly certainty: string
  readonly below: number
  /** Inputs and outputs of this stage that the next takes under the same names, of the images that go on. */
  readonly carried: readonly string[]
}

/** Where the outputs of a graph are all chosen by one certainty. */
interface Choice {
  readonly certainty: NodeId
  readonly below: number
  readonly kept: readonly Output[]
  readonly deeper: readonly Output[]
}

const choiceOf = ({ nodes, outputs }: Graph): Choice | null => {
  const chosen = outputs.map(({ node }) => nodes[node])
  const [first] = chosen
  if (first?.tag !== 'Select') return null
  const { below } = first.attributes
  const [certainty] = first.operands
  const alike = chosen.every(
    ({ tag, attributes, operands }) => tag === 'Select' && operands[0] === certainty && attributes.below === below,
  )
  const operand = (k: number) => outputs.map(({ name, node }) => ({ name, node: nodes[node].operands[k] }))
  return alike ? { certainty, below, kept: operand(1), deeper: operand(2) } : null
}

const ancestorsOf = ({ nodes }: Graph, roots: readonly NodeId[]): Uint8Array => {
  const found = new Uint8Array(nodes.length)
  for (const root of roots) found[root] = 1
  for (let id = nodes.length - 1; id >= 0; id--)
    if (found[id]) for (const operand of nodes[id].operands) found[operand] = 1
  return found
}

/** What it costs to write a number, gather it and give it to the next stage, and to compute one anew, in multiplications with an addition. */
const costs = { carry: 32, compute: 4 } as const

/**
 * What a later stage takes from an earlier one: of all ways to have what it needs the cheapest, where each value is either carried or computed again from
 * others. A minimum cut between what the earlier stage has and what the later one reads.
 */
const carriedNodes = (
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

const names = (graph: Graph): ((wanted: string) => string) => {
  const taken = new Set(graph.outputs.map(({ name }) => name))
  for (const { tag, attributes } of graph.nodes) if (tag === 'Input') taken.add(attributes.name)
  return wanted => {
    let name = wanted
    for (let k = 2; taken.has(name); k++) name = `${wanted} ${k}`
    taken.add(name)
    return name
  }
}

/** The nodes that some outputs depend on, down to given ones, which are fed. */
const fedGraph = (graph: Graph, outputs: readonly Output[], fed: ReadonlyMap<NodeId, string>): Graph => {
  const d = draft(graph.dialect)
  const renamed = new Map<NodeId, NodeId>()
  const needed = new Uint8Array(graph.nodes.length)
  for (const { node } of outputs) needed[node] = 1
  for (let id = graph.nodes.length - 1; id >= 0; id--)
    if (needed[id] && !fed.has(id)) for (const operand of graph.nodes[id].operands) needed[operand] = 1
  graph.nodes.forEach((node, id) => {
    if (!needed[id]) return
    const name = fed.get(id)
    renamed.set(
      id,
      name === undefined
        ? addLike(
            d,
            node,
            node.operands.map(operand => renamed.get(operand) as NodeId),
          )
        : d.add('Input', [], { name, type: node.type }, node.name),
    )
  })
  return d.finish(outputs.map(({ name, node }) => ({ name, node: renamed.get(node) as NodeId })))
}

/**
 * Cuts a flat or stacked graph at the choices by which it ends into stages that are run one after another, each on the images that the one before sends on. One
 * stage where it ends in no choice. What the stages give by `runStages` is what the graph gives.
 */
export const cutStages = (graph: Graph): readonly Stage[] => {
  const fresh = names(graph)
  const stages: Stage[] = []
  let rest = graph
  for (let choice = choiceOf(rest); choice !== null; choice = choiceOf(rest)) {
    const { certainty, below, kept, deeper } = choice
    const first = ancestorsOf(rest, [certainty, ...kept.map(({ node }) => node)])
    const wanted = deeper.map(({ node }) => node)
    const carried = carriedNodes(rest, first, ancestorsOf(rest, wanted), wanted)
    const fed = new Map(carried.map(id => [id, carriedName(rest, id, fresh)]))
    const certaintyName = fresh('certainty')
    const given = carried.flatMap(id =>
      rest.nodes[id].tag === 'Input' ? [] : [{ name: fed.get(id) as string, node: id }],
    )
    const outputs = [...kept, { name: certaintyName, node: certainty }, ...given]
    stages.push({
      graph: fedGraph(rest, outputs, new Map()),
      gate: { certainty: certaintyName, below, carried: [...fed.values()] },
    })
    rest = fedGraph(rest, deeper, fed)
  }
  return [...stages, { graph: rest }]
}

const carriedName = ({ nodes }: Graph, id: NodeId, fresh: (wanted: string) => string): string => {
  const node = nodes[id]
  return node.tag === 'Input' ? node.attributes.name : fresh(`carried ${node.name ?? node.tag}`)
}

/** Adds a graph's nodes to a draft, with values in place of its inputs, and gives where each node stands. */
const addAll = (d: Draft, { nodes }: Graph, given: ReadonlyMap<string, NodeId>): readonly NodeId[] => {
  const at: NodeId[] = []
  nodes.forEach(node => {
    const value = node.tag === 'Input' ? given.get(node.attributes.name) : undefined
    at.push(
      value ??
        addLike(
          d,
          node,
          node.operands.map(operand => at[operand]),
        ),
    )
  })
  return at
}

/** The one graph of several stages: `joinStages(cutStages(g))` gives what `g` gives. */
export const joinStages = (stages: readonly Stage[]): Graph => {
  const d = draft(stages.some(({ graph }) => graph.dialect === 'stacked') ? 'stacked' : stages[0].graph.dialect)
  const values = new Map<string, NodeId>()
  const answers = stages.map(({ graph, gate }) => {
    const at = addAll(d, graph, values)
    graph.nodes.forEach((node, id) => {
      if (node.tag === 'Input') values.set(node.attributes.name, at[id])
    })
    const outputs = new Map(graph.outputs.map(({ name, node }) => [name, at[node]]))
    for (const name of gate?.carried ?? []) {
      const output = outputs.get(name)
      if (output !== undefined) values.set(name, output)
    }
    return outputs
  })
  const named = stages[stages.length - 1].graph.outputs.map(({ name }) => name)
  const outputOf = (stage: number, name: string): NodeId => {
    const { gate } = stages[stage]
    const kept = answers[stage].get(name) as NodeId
    if (gate === undefined) return kept
    const certainty = answers[stage].get(gate.certainty) as NodeId
    return d.add('Select', [certainty, kept, outputOf(stage + 1, name)], { below: gate.below })
  }
  return d.finish(named.map(name => ({ name, node: outputOf(0, name) })))
}
