import { checkGraph, declarationOf, type Graph, type Node, nodesWithTag, variantCount } from '../ir/index.ts'

const none = (): number => 0

/** Multiply-adds of one node for one example, over all the variants that it reads or gives. */
export const nodeMultiplyAdds = (graph: Graph, node: Node): number => {
  const { multiplyAdds = none } = declarationOf(node.tag)
  const operands = node.operands.map(operand => graph.nodes[operand])
  const once = multiplyAdds(
    operands.map(({ type }) => type),
    node.type,
    node.attributes as never,
  )
  return once * Math.max(...[node, ...operands].map(({ variants }) => variantCount(variants)))
}

/** Multiply-adds of the whole graph for one example. */
export const multiplyAdds = (graph: Graph): number => {
  checkGraph('multiplyAdds', graph)
  return graph.nodes.reduce((total, node) => total + nodeMultiplyAdds(graph, node), 0)
}

/** How many D4 acts are left on feature maps (those on filters are evaluated once, at load). */
export const actsOnMaps = (graph: Graph): number => {
  checkGraph('actsOnMaps', graph)
  return nodesWithTag(graph, 'Act').filter(node => node.type.kind === 'Map').length
}
