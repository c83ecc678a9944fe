import { type Graph, isPerExample, type Node, type NodeId } from '../../ir/index.ts'

/** Per-example nodes on which the answers of exactly the same variants depend, in topological order. */
export interface Segment {
  readonly nodes: readonly NodeId[]
  /** The first of the columns that it stands over, counted from 0, and how many there are. */
  readonly column: number
  readonly span: number
  /** How many segments come before it. */
  readonly rank: number
  /** The segment that forks into this one and others; null at the top and at the answer. */
  readonly parent: number | null
}

/** A graph as a tree that branches from the image down, a column for each variant, and the nodes where the variants meet. */
export interface Strands {
  readonly columns: number
  readonly segments: readonly Segment[]
  /** The columns' last nodes, by column. */
  readonly ends: readonly NodeId[]
  /** Where the variants meet, and what follows; empty where there is one variant. */
  readonly answer: readonly NodeId[]
}

export const examplesOf = ({ nodes }: Graph, node: Node): readonly NodeId[] => [
  ...new Set(node.operands.filter(operand => isPerExample(nodes[operand].type))),
]

const meets = (graph: Graph, node: Node): boolean =>
  node.type.kind === 'Vector' &&
  examplesOf(graph, node).length > 1 &&
  examplesOf(graph, node).every(operand => graph.nodes[operand].type.kind === 'Vector')

/** Back from the output to the first node that reads several vectors, and through nodes of its kind right before it. */
const meeting = (graph: Graph): Pick<Strands, 'ends' | 'answer'> => {
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
  return { ends: [...ends], answer: [...answer].sort((a, b) => a - b) }
}

/** For each node the set of ends that depend on it, one bit each. */
const dependents = (graph: Graph, ends: readonly NodeId[]): readonly bigint[] => {
  const reached = new Array<bigint>(graph.nodes.length).fill(0n)
  ends.forEach((id, k) => {
    reached[id] |= 1n << BigInt(k)
  })
  for (let id = reached.length - 1; id >= 0; id--)
    if (reached[id] !== 0n) for (const operand of examplesOf(graph, graph.nodes[id])) reached[operand] |= reached[id]
  return reached
}

interface Branching {
  readonly members: readonly number[]
  readonly parent: number | null
}

const membersOf = (set: bigint): readonly number[] =>
  [...set.toString(2)].reverse().flatMap((bit, k) => (bit === '1' ? [k] : []))

/** Sets ordered into a tree by inclusion, the larger first, or null where two of them cross. */
const treeOf = (sets: readonly bigint[], ends: number): readonly Branching[] | null => {
  const smallest = new Array<number | null>(ends).fill(null)
  const tree: Branching[] = []
  const bySize = sets.map(membersOf).sort((a, b) => b.length - a.length || a[0] - b[0])
  for (const members of bySize) {
    const parent = smallest[members[0]]
    if (members.some(member => smallest[member] !== parent)) return null
    for (const member of members) smallest[member] = tree.length
    tree.push({ members, parent })
  }
  return tree
}

/** The members of every set side by side. */
const inColumns = (tree: readonly Branching[], ends: number): readonly number[] => {
  const path = new Map<number, number[]>(Array.from({ length: ends }, (_, end) => [end, []]))
  for (const { members } of tree) for (const member of members) path.get(member)?.push(members[0])
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const k = a.findIndex((first, at) => first !== b[at])
    return k < 0 || b[k] === undefined ? a.length - b.length : a[k] - b[k]
  }
  return [...path].sort(([a, pathA], [b, pathB]) => compare(pathA, pathB) || a - b).map(([end]) => end)
}

/** Finds the shared prefix, the forks and the variants of a graph; one whose variants share parts crosswise is one strand. */
export const strandsOf = (graph: Graph): Strands => {
  const found = meeting(graph)
  const reached = dependents(graph, found.ends)
  const sets = [...new Set(reached.filter(set => set !== 0n))]
  const tree = treeOf(sets, found.ends.length)
  if (tree === null || found.answer.some(id => reached[id] !== 0n)) {
    const all = dependents(graph, [...new Set(graph.outputs.map(({ node }) => node))])
    const nodes = all.flatMap((set, id) => (set === 0n ? [] : [id]))
    const only: Segment = { nodes, column: 0, span: 1, rank: 0, parent: null }
    return { columns: 1, segments: [only], ends: graph.outputs.slice(0, 1).map(({ node }) => node), answer: [] }
  }
  const order = inColumns(tree, found.ends.length)
  const columnOf = new Map(order.map((end, column) => [end, column]))
  const nodesOf = new Map<bigint, NodeId[]>(sets.map(set => [set, []]))
  reached.forEach((set, id) => {
    nodesOf.get(set)?.push(id)
  })
  const segments: Segment[] = []
  for (const { members, parent } of tree)
    segments.push({
      nodes: nodesOf.get(members.reduce((set, member) => set | (1n << BigInt(member)), 0n)) ?? [],
      column: Math.min(...members.map(member => columnOf.get(member) as number)),
      span: members.length,
      rank: parent === null ? 0 : segments[parent].rank + 1,
      parent,
    })
  return { columns: order.length, segments, ends: order.map(end => found.ends[end]), answer: found.answer }
}
