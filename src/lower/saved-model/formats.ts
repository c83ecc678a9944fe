import { type Graph, isPerExample, type Node, type NodeId, type OpTag } from '../../../ir/index.ts'
import type { Precision } from '../precision.ts'
import type { Format } from './schema.ts'

/** The number format that each node computes in and gives, and that it reads its k-th operand in. */
export interface Formats {
  readonly of: (id: NodeId) => Format
  readonly read: (id: NodeId, k: number) => Format
}

/** Sums and scores over many numbers, of which eight bits would lose too much. */
const summed: ReadonlySet<OpTag> = new Set<OpTag>([
  'GlobalPool',
  'ChannelPool',
  'Softmax',
  'Attention',
  'WindowAttention',
  'AttentionGradient',
  'WindowAttentionGradient',
  'Combine',
  'Certainty',
])

/** Whether a convolution or a matrix product works on what follows from each node. */
const multipliedLater = ({ nodes }: Graph): Uint8Array => {
  const later = new Uint8Array(nodes.length)
  for (let id = nodes.length - 1; id >= 0; id--) {
    const { tag, operands } = nodes[id]
    if (later[id] || tag === 'Conv2d' || tag === 'Dense') for (const operand of operands) later[operand] = 1
  }
  return later
}

/** How many of its first operands a normalization reads in its own format. Statistics stay float32: TensorFlow's takes them so under either. */
const narrowed: { readonly [T in OpTag]?: number } = { BatchNorm: 1, BatchNormInputGradient: 2 }
const readAs = ({ tag }: Node, k: number, own: Format): Format =>
  k < (narrowed[tag] ?? Number.POSITIVE_INFINITY) ? own : 'float32'

/**
 * Under `bfloat16` convolutions are bfloat16, and so are matrix products but those that give the answer, and whatever
 * takes a value of theirs, their filters' gradients too; inputs, sums over many numbers, other expressions of shared
 * tensors and what follows from these alone are float32. A parameter is stored as it is read.
 */
export const formatsOf = (graph: Graph, precision: Precision): Formats => {
  const { nodes } = graph
  const formats: Format[] = nodes.map(() => 'float32')
  const read = (id: NodeId, k: number): Format => readAs(nodes[id], k, formats[id])
  if (precision === 'bfloat16') {
    const later = multipliedLater(graph)
    nodes.forEach(({ tag, operands, type }, id) => {
      if ((!isPerExample(type) && tag !== 'Conv2dFilterGradient') || summed.has(tag)) return
      const narrow = operands.some(operand => isPerExample(nodes[operand].type) && formats[operand] === 'bfloat16')
      if (tag === 'Conv2d' || (tag === 'Dense' ? later[id] : narrow)) formats[id] = 'bfloat16'
    })
    const wide = new Set(graph.outputs.map(({ node }) => node))
    nodes.forEach(({ operands }, id) => {
      operands.forEach((operand, k) => {
        if (read(id, k) === 'float32') wide.add(operand)
      })
    })
    nodes.forEach(({ tag }, id) => {
      if (tag === 'Parameter' && !wide.has(id)) formats[id] = 'bfloat16'
    })
  }
  return { of: id => formats[id], read }
}
