import type { Graph, NodeId } from '../../ir/index.ts'
import { branchedStrands } from './branched-strands.ts'
import { dependents, examplesOf, meetingOf, valuesOf } from './meeting.ts'
import type { Band, Segment, Strands } from './strand.ts'

interface Branching {
  readonly members: readonly number[]
  readonly parent: number | null
}

const membersOf = (set: bigint): readonly number[] =>
  [...set.toString(2)].reverse().flatMap((bit, k) => (bit === '1' ? [k] : []))

const setOf = (members: readonly number[]): bigint => members.reduce((set, member) => set | (1n << BigInt(member)), 0n)

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

/** The members of every set side by side, as near as that lets them be to the order that they had. */
const inColumns = (tree: readonly Branching[], before: readonly number[]): readonly number[] => {
  const places = new Map(before.map((variant, column) => [variant, column]))
  const placeOf = (members: readonly number[]): number =>
    members.reduce((least, member) => Math.min(least, places.get(member) as number), before.length)
  const paths = new Map<number, number[]>(before.map(variant => [variant, []]))
  for (const { members } of tree) {
    const place = placeOf(members)
    for (const member of members) paths.get(member)?.push(place)
  }
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const k = a.findIndex((place, at) => place !== b[at])
    return k < 0 || b[k] === undefined ? a.length - b.length : a[k] - b[k]
  }
  return [...paths]
    .map(([variant, path]) => [variant, [...path, placeOf([variant])]] as const)
    .sort(([, a], [, b]) => compare(a, b))
    .map(([variant]) => variant)
}

/** How many stacks one after the other stand before each node. */
const bandsOf = (graph: Graph): Int32Array => {
  const bands = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    const stacks = node.tag === 'Stack' ? 1 : 0
    for (const operand of examplesOf(graph, node)) bands[id] = Math.max(bands[id], bands[operand] + stacks)
  })
  return bands
}

const mostValues = (graph: Graph, nodes: readonly NodeId[]): number =>
  nodes.reduce((most, id) => Math.max(most, valuesOf(graph, id)), 1)

const oneStrand = (graph: Graph): Strands => {
  const outputs = [...new Set(graph.outputs.map(({ node }) => node))]
  const nodes = dependents(graph, outputs).flatMap((set, id) => (set === 0n ? [] : [id]))
  const only: Segment = { nodes, column: 0, span: 1, rank: 0, parent: null, values: mostValues(graph, nodes) }
  return { columns: 1, segments: [only], bands: [{ rank: 0, order: [0] }], ends: outputs.slice(0, 1), answer: [] }
}

/** Finds the shared prefix, the forks, the stacks and the variants of a graph; one whose variants share parts crosswise is one strand. */
export const strandsOf = (graph: Graph): Strands => {
  if (graph.dialect === 'branched') return branchedStrands(graph)
  const { ends, answer } = meetingOf(graph)
  const reached = dependents(graph, ends)
  if (answer.some(id => reached[id] !== 0n)) return oneStrand(graph)
  const bandOf = bandsOf(graph)
  const segments: Segment[] = []
  const bands: Band[] = []
  const count = 1 + bandOf.reduce((most, band, id) => (reached[id] === 0n ? most : Math.max(most, band)), 0)
  for (let band = 0; band < count; band++) {
    const nodesOf = new Map<bigint, NodeId[]>()
    reached.forEach((set, id) => {
      if (set === 0n || bandOf[id] !== band) return
      const found = nodesOf.get(set) ?? []
      found.push(id)
      nodesOf.set(set, found)
    })
    const tree = treeOf([...nodesOf.keys()], ends.length)
    if (tree === null) return oneStrand(graph)
    const order = inColumns(tree, bands.at(-1)?.order ?? ends.map((_, variant) => variant))
    const columnOf = new Map(order.map((variant, column) => [variant, column]))
    const rank = segments.reduce((next, segment) => Math.max(next, segment.rank + 1), 0)
    const first = segments.length
    for (const { members, parent } of tree) {
      const nodes = nodesOf.get(setOf(members)) ?? []
      segments.push({
        nodes,
        column: Math.min(...members.map(member => columnOf.get(member) as number)),
        span: members.length,
        rank: parent === null ? rank : segments[first + parent].rank + 1,
        parent: parent === null ? null : first + parent,
        values: mostValues(graph, nodes),
      })
    }
    bands.push({ rank, order })
  }
  return { columns: ends.length, segments, bands, ends: bands[0].order.map(end => ends[end]), answer }
}
