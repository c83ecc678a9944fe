import {
  type AttributesOf,
  type Draft,
  type Graph,
  type MapType,
  type NodeId,
  type NodeOf,
  type Pair,
  shapeOf,
} from '../ir/index.ts'

/** Rows (0) or columns (1). */
export type Axis = 0 | 1

/** The pixel under the middle tap of the first and of the last window. */
const centres = (graph: Graph, node: NodeOf<'Conv2d'>, axis: Axis): Pair => {
  const { strides, dilations, padding } = node.attributes
  const size = shapeOf(graph.nodes[node.operands[1]].type)[axis]
  const first = ((size - 1) / 2) * dilations[axis] - padding[axis][0]
  return [first, first + (shapeOf(node.type)[axis] - 1) * strides[axis]]
}

/** Whether a convolution and its mirror image along an axis are two halves: an odd filter over 1 whose windows all have their middle inside the image. */
export const canSplit = (graph: Graph, node: NodeOf<'Conv2d'>, axis: Axis): boolean => {
  const size = shapeOf(graph.nodes[node.operands[1]].type)[axis]
  const extent = shapeOf(graph.nodes[node.operands[0]].type)[axis]
  const [first, last] = centres(graph, node, axis)
  return size > 1 && size % 2 === 1 && first >= 0 && last < extent
}

/**
 * `conv(x, w)` and `conv(x, fw)` for a flip f along one axis, from `w = S + A` with `fS = S` and `fA = −A`: `conv(x, S) ± conv(x, A)`.
 * The even half reads x and the sums of pixels at equal distance from the middle, the odd half their differences: k multiplications for k taps in all,
 * half of what two convolutions take. Rounding.
 *
 * @returns what stands for each of the two nodes.
 */
export const evenAndOdd = (
  d: Draft,
  graph: Graph,
  first: NodeId,
  second: NodeId,
  axis: Axis,
  at: (id: NodeId) => NodeId,
): ReadonlyMap<NodeId, NodeId> => {
  const node = graph.nodes[first] as NodeOf<'Conv2d'>
  const { strides, dilations, padding } = node.attributes
  const [x, w] = node.operands.map(at)
  const extents = shapeOf(d.nodes[x].type as MapType)
  const half = (shapeOf(d.nodes[w].type)[axis] - 1) / 2

  const tap = (k: number): NodeId => d.add('Slice', [w], { axis, begin: k, size: 1 })
  const binary = (fn: 'add' | 'subtract', a: NodeId, b: NodeId): NodeId => d.add('Binary', [a, b], { fn })
  const halved = (a: NodeId): NodeId => d.add('Unary', [a], { fn: 'affine', alpha: 0.5, beta: 0 })
  const shifted = (by: number): NodeId => d.add('Shift', [x], axis === 0 ? { dy: by, dx: 0 } : { dy: 0, dx: by })

  const distances = Array.from({ length: half }, (_, m) => m + 1)
  const before = distances.map(m => shifted(-m * dilations[axis]))
  const after = distances.map(m => shifted(m * dilations[axis]))
  const sums = distances.map((_, k) => binary('add', before[k], after[k]))
  const differences = distances.map((_, k) => binary('subtract', after[k], before[k]))
  const evenTaps = distances.map(m => halved(binary('add', tap(half - m), tap(half + m))))
  const oddTaps = distances.map(m => halved(binary('subtract', tap(half + m), tap(half - m))))

  // The middles of the windows, as a convolution of extent 1 along the axis visits them.
  const [begin, end] = centres(graph, node, axis)
  const along: Pair = [0 - begin, end + 1 - extents[axis]]
  const attributes: AttributesOf<'Conv2d'> = {
    groups: 1,
    strides,
    dilations: axis === 0 ? [1, dilations[1]] : [dilations[0], 1],
    padding: axis === 0 ? [along, padding[1]] : [padding[0], along],
  }
  const concat = (values: readonly NodeId[], channels: number): NodeId =>
    values.length === 1 ? values[0] : d.add('Concat', values, { axis: channels })
  const even = d.add('Conv2d', [concat([x, ...sums], 2), concat([tap(half), ...evenTaps], 2)], attributes, node.name)
  const odd = d.add('Conv2d', [concat(differences, 2), concat(oddTaps, 2)], attributes, node.name)
  return new Map([
    [first, binary('add', even, odd)],
    [second, binary('subtract', even, odd)],
  ])
}
