import { addLike, draft, type Graph, type NodeId, variantCount } from '../ir/index.ts'

/** The flat graph that a stacked one stands for: every value of a stack on its own again. Linear in the variants. */
export const unstacked = (graph: Graph): Graph => {
  if (graph.dialect !== 'stacked') return graph
  const d = draft('flat')
  /** For each node its values, one for each variant. */
  const values: (readonly NodeId[])[] = []
  graph.nodes.forEach((node, id) => {
    const { tag, operands, name } = node
    const given = operands.map(operand => values[operand])
    if (tag === 'Stack') values[id] = given.flat()
    else if (tag === 'Unstack') values[id] = [given[0][node.attributes.index]]
    else if (tag === 'Combine') values[id] = [d.add(tag, given.flat(), node.attributes, name)]
    else
      values[id] = Array.from({ length: variantCount(node.variants) }, (_, k) =>
        addLike(
          d,
          node,
          given.map(of => of[of.length === 1 ? 0 : k]),
        ),
      )
  })
  return d.finish(graph.outputs.map(output => ({ ...output, node: values[output.node][0] })))
}
