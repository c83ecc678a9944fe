import { type Graph, isPerExample, type Node, type NodeId, variantCount } from '../../ir/index.ts'

export const examplesOf = ({ nodes }: Graph, node: Node): readonly NodeId[] => [
  ...new Set(node.operands.filter(operand => isPerExample(nodes[operand].type))),
]

/** How many values a node has side by side: one in flat graphs. */
export const valuesOf = ({ nodes }: Graph, id: NodeId): number => variantCount(nodes[id].variants)

const meets = (graph: Graph, node: Node): boolean => {
  const operands = examplesOf(graph, node)
  return (
    node.type.kind === 'Vector' &&
    node.variants.length === 0 &&
    node.tag !== 'Unstack' &&
    operands.reduce((total, operand) => total + valuesOf(graph, operand), 0) > 1 &&
    operands.every(operand => graph.nodes[operand].type.kind === 'Vector')
  )
}

/** Where the variants of a graph end, a node of several values as often as it has values, and the nodes where they meet and what follows. */
export interface Meeting {
  readonly ends: readonly NodeId[]
  readonly answer: readonly NodeId[]
}

/** Back from the output to the first node that reads several vectors, and through nodes of its kind right before it. */
export const meetingOf = (graph: Graph): Meeting => {
  const outputs = [...new Set(graph.outputs.map(({ node }) => node))]
  const nowhere = { ends: outputs, answer: [] }
  if (outputs.length !== 1) return nowhere
  const answer = new Set<NodeId>()
  let [at] = outputs
  while (!meets(graph, graph.nodes[at])) {
    answer.add(at)
    const operands = examplesOf(graph, graph.nodes[at])
    if (operands.length !== 1) return nowhere
    at = operands[0]
  }
  const { tag } = graph.nodes[at]
  const ends = new Set<NodeId>()
  const open = [at]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = graph.nodes[id]
    if (id === at || (tag !== 'Combine' && node.tag === tag && meets(graph, node))) {
      answer.add(id)
      open.push(...[...examplesOf(graph, node)].reverse())
    } else ends.add(id)
  }
  return {
    ends: [...ends].flatMap(id => new Array<NodeId>(valuesOf(graph, id)).fill(id)),
    answer: [...answer].sort((a, b) => a - b),
  }
}

/** What a value of a node is computed from: nodes, and which of their values. */
const sourcesOf = (graph: Graph, id: NodeId, index: number): readonly (readonly [NodeId, number])[] => {
  const node = graph.nodes[id]
  if (node.tag === 'Unstack') return [[node.operands[0], node.attributes.index]]
  if (node.tag === 'Stack') {
    const values = node.operands.flatMap(operand =>
      Array.from({ length: valuesOf(graph, operand) }, (_, at) => [operand, at] as const),
    )
    return [values[index]]
  }
  const count = valuesOf(graph, id)
  return examplesOf(graph, node).flatMap(operand => {
    const values = valuesOf(graph, operand)
    if (values === count) return [[operand, index] as const]
    return Array.from({ length: values }, (_, at) => [operand, at] as const)
  })
}

/** For each node the set of ends that depend on it, one bit each, whichever of its values they read. */
export const dependents = (graph: Graph, ends: readonly NodeId[]): readonly bigint[] => {
  const reached = graph.nodes.map((_, id) => new Array<bigint>(valuesOf(graph, id)).fill(0n))
  ends.forEach((id, k) => {
    reached[id][k - ends.indexOf(id)] |= 1n << BigInt(k)
  })
  for (let id = reached.length - 1; id >= 0; id--)
    reached[id].forEach((set, index) => {
      if (set === 0n) return
      for (const [source, at] of sourcesOf(graph, id, index)) reached[source][at] |= set
    })
  return reached.map(values => values.reduce((union, set) => union | set, 0n))
}
