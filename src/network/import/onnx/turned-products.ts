import { type Names, readBy } from './names.ts'
import type { GraphProto, NodeProto } from './schema.ts'

/** Its order of axes, if it does no more than swap the last two. */
const swapOf = ({ op_type, attribute }: NodeProto): readonly number[] | undefined => {
  if (op_type !== 'Transpose') return undefined
  const order = attribute.find(({ name }) => name === 'perm')?.ints ?? []
  const rank = order.length
  const swaps = order.every((axis, k) => axis === (k < rank - 2 ? k : 2 * rank - 3 - k))
  return rank > 1 && swaps ? order : undefined
}

/** A graph in which values are the right factor of an attention: `v × softmaxᵀ`, as YOLO has it, is `(softmax × vᵀ)ᵀ`. */
export const withoutTurnedProducts = (graph: GraphProto, names: Names): GraphProto => {
  const writers = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)))
  const reads = new Map<string, number>()
  for (const name of [...graph.node.flatMap(readBy), ...graph.output.map(({ name = '' }) => name)])
    reads.set(name, (reads.get(name) ?? 0) + 1)
  const dropped = new Set<NodeProto>()
  const node = graph.node.flatMap((product): readonly NodeProto[] => {
    const [values, turned] = product.input
    const swap = product.op_type === 'MatMul' ? writers.get(turned) : undefined
    const order = swap && swapOf(swap)
    if (order === undefined || swap === undefined || reads.get(turned) !== 1) return [product]
    if (writers.get(swap.input[0])?.op_type !== 'Softmax') return [product]
    dropped.add(swap)
    const [right, found] = [names.fresh(`${values}.turned`), names.fresh(`${product.output[0]}.turned`)]
    return [
      { ...swap, name: names.fresh(`${product.name}.values`), input: [values], output: [right] },
      { ...product, input: [swap.input[0], right], output: [found] },
      { ...swap, input: [found], output: product.output },
    ]
  })
  return dropped.size === 0 ? graph : { ...graph, node: node.filter(each => !dropped.has(each)) }
}
