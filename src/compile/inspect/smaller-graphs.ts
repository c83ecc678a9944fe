import { type Graph, isPerExample, type Node, type NodeId, sameType, sameVariants, shapeOf } from '../../../ir/index.ts'
import { withoutDeadNodes } from '../../../passes/rewrite.ts'

/** The graph up to one node, its only output; null where the node has variants. */
export const endingAt = (graph: Graph, id: NodeId): Graph | null =>
  graph.nodes[id].variants.length > 0
    ? null
    : withoutDeadNodes({ ...graph, outputs: [{ name: graph.outputs[0].name, node: id }] })

const sourceName = (graph: Graph): string => {
  const taken = new Set(
    graph.nodes.flatMap(node => (node.tag === 'Input' || node.tag === 'Parameter' ? [node.attributes.name] : [])),
  )
  let n = 1
  while (taken.has(`x${n}`)) n++
  return `x${n}`
}

const isSource = ({ tag }: Pick<Node, 'tag'>): boolean => tag === 'Input' || tag === 'Parameter'

/** The graph with an input or a parameter of its type in place of a node; null where it has variants, or is a source. */
export const startingAt = (graph: Graph, id: NodeId): Graph | null => {
  const { type, variants, ...node } = graph.nodes[id]
  if (variants.length > 0 || isSource(node)) return null
  const name = sourceName(graph)
  const untyped: Pick<Node, 'tag' | 'attributes'> = isPerExample(type)
    ? { tag: 'Input', attributes: { name, type } }
    : { tag: 'Parameter', attributes: { name, shape: shapeOf(type) } }
  const source = { ...untyped, operands: [], type, variants } as Node
  return withoutDeadNodes({ ...graph, nodes: graph.nodes.map((old, at) => (at === id ? source : old)) })
}

/** The graph in which another node stands for one. */
const replacing = (graph: Graph, id: NodeId, by: NodeId): Graph => {
  const at = (read: NodeId): NodeId => (read === id ? by : read)
  return withoutDeadNodes({
    ...graph,
    nodes: graph.nodes.map(node => ({ ...node, operands: node.operands.map(at) }) as Node),
    outputs: graph.outputs.map(output => ({ ...output, node: at(output.node) })),
  })
}

/** What may stand for a node: an operand of its type, or for a source an earlier source of its type. */
const standIns = (graph: Graph, id: NodeId): readonly NodeId[] => {
  const node = graph.nodes[id]
  const fits = (other: NodeId): boolean =>
    sameType(graph.nodes[other].type, node.type) && sameVariants(graph.nodes[other].variants, node.variants)
  return isSource(node)
    ? graph.nodes.flatMap((other, at) => (at < id && other.tag === node.tag && fits(at) ? [at] : [])).slice(0, 1)
    : [...new Set(node.operands)].filter(fits)
}

/** The nodes between the inputs and the end: where a graph can be cut in two. */
export const cuttable = (graph: Graph): readonly NodeId[] =>
  graph.nodes.flatMap((node, id) =>
    isPerExample(node.type) && !isSource(node) && node.variants.length === 0 ? [id] : [],
  )

/** The graphs one step smaller, those that are likely to be much smaller first. */
export function* smallerGraphs(graph: Graph): Generator<Graph> {
  const ids = graph.nodes.map((_, id) => id)
  for (const id of ids) {
    const ended = endingAt(graph, id)
    if (ended !== null) yield ended
  }
  for (const id of ids.toReversed()) {
    const started = startingAt(graph, id)
    if (started !== null) yield started
  }
  for (const id of ids) for (const other of standIns(graph, id)) yield replacing(graph, id, other)
}
