import { type AttributesOf, compose, type Graph, type NodeId, type NodeOf, shapeOf } from '../ir/index.ts'
import { type Axis, canSplit } from './split-convolution.ts'

type Convolution = NodeOf<'Conv2d'>

/** Convolutions that read one map alike with different filters, in the order of their filters: where two groups have the same filters, these are merged alike. */
export type ConvolutionGroup = readonly NodeId[]

/** Ungrouped convolutions by what they read and how they slide, where there are several. Linear in the graph. */
export const convolutionGroups = (graph: Graph): readonly ConvolutionGroup[] => {
  const groups = new Map<string, NodeId[]>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Conv2d' || node.attributes.groups !== 1) return
    const { strides, dilations, padding } = node.attributes
    const filter = shapeOf(graph.nodes[node.operands[1]].type)
    const key = JSON.stringify([node.operands[0], strides, dilations, padding, filter.slice(0, 2)])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [id])
    else group.push(id)
  })
  const filterOf = (id: NodeId): NodeId => graph.nodes[id].operands[1]
  return [...groups.values()]
    .filter(group => group.length > 1)
    .map(group => group.sort((a, b) => filterOf(a) - filterOf(b)))
}

/** A filter as an act on another one: `g·w`. */
const factored = (
  { nodes }: Pick<Graph, 'nodes'>,
  filter: NodeId,
): { readonly base: NodeId; readonly element: AttributesOf<'Act'>['element'] } => {
  const node = nodes[filter]
  return node.tag === 'Act' && node.attributes.axes[0] === 0 && node.attributes.axes[1] === 1
    ? { base: node.operands[0], element: node.attributes.element }
    : { base: filter, element: 'id' }
}

/** The axis along which one filter is the mirror image of the other. */
const mirrorAxis = (graph: Graph, a: NodeId, b: NodeId): Axis | null => {
  const [first, second] = [factored(graph, a), factored(graph, b)]
  if (first.base !== second.base) return null
  if (compose('flip', first.element) === second.element) return 1
  return compose('flipv', first.element) === second.element ? 0 : null
}

/** Two convolutions of which one is the other's mirror image along an axis. */
export interface MirrorPair {
  readonly first: NodeId
  readonly second: NodeId
  readonly axis: Axis
}

/** Pairs of a group that can be split into an even and an odd half; what has no partner stays out. */
export const mirrorPairs = (graph: Graph, group: ConvolutionGroup): readonly MirrorPair[] => {
  const left = [...group]
  const pairs: MirrorPair[] = []
  for (let first = left.shift(); first !== undefined; first = left.shift()) {
    const node = graph.nodes[first] as Convolution
    for (const [at, second] of left.entries()) {
      const axis = mirrorAxis(graph, node.operands[1], graph.nodes[second].operands[1])
      if (axis === null || !canSplit(graph, node, axis)) continue
      pairs.push({ first, second, axis })
      left.splice(at, 1)
      break
    }
  }
  return pairs
}
