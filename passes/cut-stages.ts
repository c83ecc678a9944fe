import {
  addLike,
  type Draft,
  draft,
  type Graph,
  isPerExample,
  type NodeId,
  nodesWithTag,
  type Output,
  type Type,
} from '../ir/index.ts'
import { carriedNodes, type NumberCosts, usualCosts } from './carried-nodes.ts'

/** What runs for the images that come so far: a graph of its own, fed by the stages before it. */
export interface Stage {
  /**
   * Its inputs are the network's and values carried from stages before it. Its outputs are the answers, under their names, and but for the last stage the
   * certainty and what later stages take.
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
  /**
   * Inputs and outputs of this stage that later ones take under the same names, of the images that go on. The next need not read all of them: what only a
   * stage after it does stays with the image.
   */
  readonly carried: readonly string[]
}

/** Where some outputs of a graph are all chosen by one certainty. */
interface Choice {
  readonly certainty: NodeId
  readonly below: number
  readonly kept: readonly Output[]
  readonly deeper: readonly Output[]
}

const choiceOf = ({ nodes }: Graph, outputs: readonly Output[]): Choice | null => {
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
export const cutStages = (graph: Graph, costs: NumberCosts = usualCosts): readonly Stage[] => {
  const fresh = names(graph)
  const stages: Stage[] = []
  let rest = graph
  for (let choice = choiceOf(rest, rest.outputs); choice !== null; choice = choiceOf(rest, rest.outputs)) {
    const { certainty, below, kept, deeper } = choice
    const answers = kept.map(({ node }) => node)
    const first = ancestorsOf(rest, [certainty, ...answers])
    const carriedTo = (read: readonly NodeId[], given: readonly NodeId[], carry: number): readonly NodeId[] =>
      carriedNodes(rest, { first, later: ancestorsOf(rest, read), read, given }, { ...costs, carry })
    const all = deeper.map(({ node }) => node)
    const following = choiceOf(rest, deeper)
    const next = following === null ? all : [following.certainty, ...following.kept.map(({ node }) => node)]
    const toNext = carriedTo(next, answers, costs.carry)
    const toAll = following === null ? [] : carriedTo(all, [...answers, ...toNext], costs.keep)
    const carried = [...new Set([...toNext, ...toAll])].sort((a, b) => a - b)
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

/** By stage, what comes to it with an image: the values of examples that it or a later stage takes, and none from it on makes. */
export const broughtTo = (stages: readonly Stage[]): readonly ReadonlyMap<string, Type>[] => {
  const brought: ReadonlyMap<string, Type>[] = []
  for (const { graph } of [...stages].reverse()) {
    const made = new Set(graph.outputs.map(({ name }) => name))
    const values = new Map<string, Type>()
    for (const { attributes, type } of nodesWithTag(graph, 'Input'))
      if (isPerExample(type)) values.set(attributes.name, type)
    for (const [name, type] of brought.at(-1) ?? []) if (!made.has(name)) values.set(name, type)
    brought.push(values)
  }
  return brought.reverse()
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
