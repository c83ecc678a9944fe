import {
  checkGraph,
  type Graph,
  isPerExample,
  liveNodes,
  type MapType,
  type Node,
  type NodeId,
  shapeOf,
} from '../ir/index.ts'
import { windowOf } from '../ir/ops/attention.ts'

/** A place where a network can be branched: a value through which every path from the image to the answer passes. */
export interface FeatureMap {
  /** Counted from the image, 0. */
  readonly index: number
  /** The last cut of the map: where a branch stands. */
  readonly node: NodeId
  readonly name: string
  readonly type: MapType
  /** Whether a convolution over more than one pixel follows, or attention in windows of them. */
  readonly convolutionFollows: boolean
}

/** Per-example nodes on a path from the image to an output, in order. */
export const dataPath = (graph: Graph): readonly NodeId[] => {
  const live = liveNodes(graph)
  return graph.nodes.flatMap(({ type }, id) => (live[id] && isPerExample(type) ? [id] : []))
}

/** Map-typed nodes over which no edge of the data path leaps. */
const cuts = (graph: Graph, path: readonly NodeId[]): readonly NodeId[] => {
  const lastRead = new Map<NodeId, NodeId>()
  for (const id of path) for (const operand of graph.nodes[id].operands) lastRead.set(operand, id)
  for (const { node } of graph.outputs) lastRead.set(node, graph.nodes.length)
  let furthest = -1
  return path.filter(id => {
    const cut = furthest <= id && graph.nodes[id].type.kind === 'Map'
    furthest = Math.max(furthest, lastRead.get(id) as NodeId)
    return cut
  })
}

const filterExtents = (graph: Graph, node: Node): readonly number[] =>
  shapeOf(graph.nodes[node.operands[1]].type).slice(0, 2)

/** Whether a node weighs several pixels by where they stand: a convolution over more than one, or attention in windows of them. */
export const isWide = (graph: Graph, node: Node): boolean =>
  node.tag === 'Conv2d'
    ? filterExtents(graph, node).some(n => n > 1)
    : node.tag === 'WindowAttention' && windowOf(shapeOf(graph.nodes[node.operands[3]].type)).some(n => n > 1)

/** Whether an op commutes with a flip on the grid it has, so that what comes out is the same feature map. */
export const staysOnMap = (graph: Graph, node: Node): boolean => {
  switch (node.tag) {
    case 'Unary':
    case 'Binary':
    case 'BatchNorm':
    case 'Slice':
    case 'Concat':
    case 'Softmax':
    case 'Attention':
      return true
    case 'Pad':
      return node.attributes.padding.flat().every(n => n === 0)
    case 'Conv2d':
      return (
        filterExtents(graph, node).every(n => n === 1) &&
        node.attributes.strides.every(n => n === 1) &&
        node.attributes.padding.flat().every(n => n === 0)
      )
    default:
      return false
  }
}

/** A vector seen as a map, or a pooling that left one pixel. */
export const comesFromGlobalPooling = ({ tag, type }: Node): boolean =>
  tag === 'Unflatten' ||
  ((tag === 'MeanPool' || tag === 'MaxPool') && type.kind === 'Map' && type.h === 1 && type.w === 1)

/** The feature maps of a network from the image on, as plans number them; what comes out of global pooling is none. */
export const featureMaps = (graph: Graph): readonly FeatureMap[] => {
  checkGraph('featureMaps', graph)
  const path = dataPath(graph)
  const places: NodeId[] = []
  const lastWide = path.findLast(id => isWide(graph, graph.nodes[id])) ?? -1
  let at = 0
  let pooled = false
  for (const cut of cuts(graph, path)) {
    let same = true
    for (; path[at] <= cut; at++) {
      const node = graph.nodes[path[at]]
      pooled ||= path[at] === cut && comesFromGlobalPooling(node)
      same &&= staysOnMap(graph, node)
    }
    if (pooled) break
    if (same) places[places.length - 1] = cut
    else places.push(cut)
  }
  return places.map((node, index) => ({
    index,
    node,
    name: graph.nodes[node].name ?? `%${node}`,
    type: graph.nodes[node].type as MapType,
    convolutionFollows: lastWide > node,
  }))
}
