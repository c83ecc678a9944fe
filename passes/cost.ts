import {
  type Graph,
  type Node,
  type NodeOf,
  nodesWithTag,
  type OpTag,
  shapeOf,
  sizeOf,
  variantCount,
} from '../ir/index.ts'

type Cost<T extends OpTag> = (node: NodeOf<T>, operands: readonly Node[]) => number
const none = (): number => 0

/** Multiply-adds of one example, as papers count them: convolutions and matrix products; the rest is not counted. */
const costs: { readonly [T in OpTag]: Cost<T> } = {
  Conv2d: (node, [, filter]) => {
    const [rows, columns, inputs] = shapeOf(filter.type)
    return sizeOf(shapeOf(node.type)) * rows * columns * inputs
  },
  Dense: (_, [, weights]) => sizeOf(shapeOf(weights.type)),
  Input: none,
  Parameter: none,
  BatchNorm: none,
  Unary: none,
  Binary: none,
  MaxPool: none,
  MeanPool: none,
  GlobalPool: none,
  Pad: none,
  Concat: none,
  Slice: none,
  Flatten: none,
  Unflatten: none,
  Reshape: none,
  Transpose: none,
  Resize: none,
  Softmax: none,
  Act: none,
  Rotate: none,
  Scale: none,
  Shift: none,
  Branch: none,
  Reduce: none,
  Combine: none,
  Stack: none,
  Unstack: none,
  ReduceTo: none,
  InverseCount: none,
  Stretch: none,
  ConvolutionInputGradient: (_, [gradient, filter]) => {
    const [rows, columns, inputs] = shapeOf(filter.type)
    return sizeOf(shapeOf(gradient.type)) * rows * columns * inputs
  },
  ConvolutionFilterGradient: (node, [, gradient]) => {
    const [rows, columns, inputs] = shapeOf(node.type)
    return sizeOf(shapeOf(gradient.type)) * rows * columns * inputs * variantCount(gradient.variants)
  },
  DenseWeightsGradient: (node, [, gradient]) => sizeOf(shapeOf(node.type)) * variantCount(gradient.variants),
  BatchNormInputGradient: none,
  MaxPoolGradient: none,
  MeanPoolGradient: none,
  ResizeGradient: none,
  FlattenGradient: none,
  Warp: none,
  WarpGradient: none,
}

/** Multiply-adds of one node for one example, over all its variants. */
export const nodeMultiplyAdds = (graph: Graph, node: Node): number =>
  (costs[node.tag] as Cost<OpTag>)(
    node as never,
    node.operands.map(operand => graph.nodes[operand]),
  ) * variantCount(node.variants)

/** Multiply-adds of the whole graph for one example. */
export const multiplyAdds = (graph: Graph): number =>
  graph.nodes.reduce((total, node) => total + nodeMultiplyAdds(graph, node), 0)

/** How many D4 acts are left on feature maps (those on filters are evaluated once, at load). */
export const actsOnMaps = (graph: Graph): number =>
  nodesWithTag(graph, 'Act').filter(node => node.type.kind === 'Map').length
