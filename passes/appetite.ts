import { type Graph, isPerExample, type Node } from '../ir/index.ts'

/** The convolutions and matrix products that a value goes into, as text: values of equal appetite are treated alike. */
export type Appetite = string

/** Ops that weights go into: what stacking is for. */
export const isHeavy = (node: Node): boolean => node.tag === 'Conv2d' || node.tag === 'Dense'

/**
 * For each node, the heavy ops that it reaches through ops with one per-example operand; empty where there are none. What lies beyond a sum is not
 * counted: it is the appetite of the sum.
 */
export const appetites = (graph: Graph): readonly Appetite[] => {
  const wanted: Set<string>[] = graph.nodes.map(() => new Set())
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id]
    if (!isPerExample(node.type)) continue
    const operands = node.operands.filter(operand => isPerExample(graph.nodes[operand].type))
    if (isHeavy(node)) {
      const shared = node.operands.filter(operand => !isPerExample(graph.nodes[operand].type))
      for (const operand of operands)
        wanted[operand].add(`${node.tag} ${shared.join(',')} ${JSON.stringify(node.attributes)}`)
    } else if (operands.length === 1 && node.tag !== 'Combine')
      for (const want of wanted[id]) wanted[operands[0]].add(want)
  }
  return wanted.map(wants => [...wants].sort().join('; '))
}
