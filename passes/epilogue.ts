import { type Graph, isPerExample, type NodeId, sameShape, shapeOf, type Type, useCounts } from '../ir/index.ts'

/** Whether a shared value is one number for each channel of what it stands beside. */
export const isBias = (bias: Type, beside: Type): boolean =>
  isPerExample(beside) && bias.kind === 'Shared' && sameShape(bias.shape, shapeOf(beside).slice(-1))

/** A later node that a kernel may compute on its way out. */
interface Sum {
  readonly id: NodeId
  readonly bias: NodeId
}
interface Clamp {
  readonly id: NodeId
  readonly fn: 'relu' | 'relu6'
}

/** What follows a node where nothing else reads what lies between: the sum with a bias, then a clamp, either perhaps missing. */
export interface Epilogue {
  readonly sum?: Sum
  readonly clamp?: Clamp
}

/** The only reader of each node; −1 where there are several, or an output. */
const soleReaders = (graph: Graph): Int32Array => {
  const uses = useCounts(graph)
  const reader = new Int32Array(graph.nodes.length).fill(-1)
  graph.nodes.forEach((node, id) => {
    for (const operand of node.operands) if (uses[operand] === 1) reader[operand] = id
  })
  return reader
}

/** The epilogue of each convolution and product; of a normalization, which has its own bias, the clamp alone; of other nodes none. */
export const epiloguesOf = (graph: Graph): ((head: NodeId) => Epilogue) => {
  const { nodes } = graph
  const reader = soleReaders(graph)
  const sumAfter = (head: NodeId): Sum | undefined => {
    const id = reader[head]
    const sum = nodes[id]
    if (sum?.tag !== 'Binary' || sum.attributes.fn !== 'add') return undefined
    const bias = sum.operands[sum.operands[0] === head ? 1 : 0]
    return isBias(nodes[bias].type, nodes[head].type) ? { id, bias } : undefined
  }
  const clampAfter = (head: NodeId): Clamp | undefined => {
    const id = reader[head]
    const clamp = nodes[id]
    if (clamp?.tag !== 'Unary') return undefined
    const { fn } = clamp.attributes
    return fn === 'relu' || fn === 'relu6' ? { id, fn } : undefined
  }
  return head => {
    const { tag } = nodes[head]
    if (tag !== 'Conv2d' && tag !== 'Dense' && tag !== 'BatchNorm') return {}
    const sum = tag === 'BatchNorm' ? undefined : sumAfter(head)
    return { sum, clamp: clampAfter(sum?.id ?? head) }
  }
}
