import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { type Graph, type Node, type Pair, type Reduction, type Transform, variantCount } from '../../../../ir/index.ts'
import type { Tf } from '../../../../src/runtime/native/load.ts'
import { normalizeBatch, normalizeByMoments, type Statistics } from './native-batch-norm.ts'

/** What a forward pass in training mode reads and reports. */
export interface TrainingContext {
  readonly tf: Tf
  readonly parameter: (name: string) => Tensor
  /** Whether batch normalization is TensorFlow's own op, which TensorFlow.js does not use. */
  readonly fused: boolean
  /** Called with a batch normalization's running parameters and what this batch would have them be. */
  readonly onStatistics: (mean: string, variance: string, statistics: Statistics) => void
}

const transformed = (tf: Tf, transform: Transform, x: Tensor): Tensor => {
  if (transform.kind === 'd4' && transform.element === 'id') return x
  if (transform.kind === 'd4' && transform.element === 'flip') return tf.reverse(x, 2)
  throw new Error(`training knows the branches id and flip, not ${JSON.stringify(transform)}`)
}

/** Variants stacked on the batch axis, `[k·n, …]`: so batch normalization sees all of them together. */
const stacked = (tf: Tf, transforms: readonly Transform[], x: Tensor): Tensor =>
  tf.concat(
    transforms.map(transform => transformed(tf, transform, x)),
    0,
  )

/** Scores `[k·n, classes]` reduced over variants to `[n, classes]`, in the log domain. */
const reduced = (tf: Tf, reduction: Reduction, variants: number, x: Tensor): Tensor => {
  const classes = x.shape[1] as number
  const each = tf.reshape(reduction === 'geo' ? x : tf.logSoftmax(x), [variants, -1, classes])
  switch (reduction) {
    case 'geo':
      return tf.mean(each, 0)
    case 'max':
      return tf.max(each, 0)
    case 'sum':
      return tf.logSumExp(each, 0)
  }
}

const convolved = (
  tf: Tf,
  x: Tensor,
  filter: Tensor,
  { strides, padding }: { readonly strides: Pair; readonly padding: readonly [Pair, Pair] },
): Tensor => {
  const around = [[0, 0], [...padding[0]], [...padding[1]], [0, 0]] as [number, number][]
  const [r, s] = filter.shape
  const same = strides.every(n => n === 1) && padding.every(([a, b], k) => a === b && 2 * a + 1 === [r, s][k])
  // Explicit pads have no gradient on the native backend.
  const [input, pad] =
    same || padding.flat().every(n => n === 0)
      ? ([x, same ? 'same' : 'valid'] as const)
      : ([tf.pad(x, around), 'valid'] as const)
  return tf.conv2d(input as Tensor4D, filter as Tensor4D, [...strides] as [number, number], pad)
}

/**
 * The scores of a branched graph in training mode, `[n, classes]`, differentiable in its parameters: the ops of the
 * zoo's PreAct ResNets, each on all variants at once.
 */
export const trainingForward = (
  graph: Graph,
  images: Tensor,
  { tf, parameter, fused, onStatistics }: TrainingContext,
): Tensor => {
  const values: Tensor[] = []
  const nameOf = (id: number): string => (graph.nodes[id].attributes as { readonly name: string }).name
  const compute = (node: Node): Tensor => {
    const [x, y, z] = node.operands.map(operand => values[operand])
    switch (node.tag) {
      case 'Input':
        return images
      case 'Parameter':
        return parameter(node.attributes.name)
      case 'Conv2d':
        return convolved(tf, x, y, node.attributes)
      case 'BatchNorm':
        return (fused ? normalizeBatch : normalizeByMoments)(tf, [x, y, z], node.attributes.epsilon, statistics =>
          onStatistics(nameOf(node.operands[3]), nameOf(node.operands[4]), statistics),
        )
      case 'Unary':
        if (node.attributes.fn === 'relu') return tf.relu(x)
        break
      case 'Binary':
        if (node.attributes.fn === 'add') return tf.add(x, y)
        break
      case 'MeanPool':
        return tf.avgPool(x as Tensor4D, [...node.attributes.size], [...node.attributes.strides], 'valid')
      case 'GlobalPool':
        return tf.mean(x, [1, 2])
      case 'Pad':
        return tf.pad(
          x,
          [[0, 0], ...node.attributes.padding, node.attributes.channels].map(([a, b]) => [a, b] as [number, number]),
        )
      case 'Dense':
        return tf.matMul(x as never, y as never)
      case 'Branch':
        return stacked(tf, node.attributes.transforms, x)
      case 'Reduce':
        return reduced(
          tf,
          node.attributes.reduction as Reduction,
          variantCount(graph.nodes[node.operands[0]].variants),
          x,
        )
    }
    throw new Error(`training knows the ops of the PreAct ResNets, not ${node.tag} ${JSON.stringify(node.attributes)}`)
  }
  for (const node of graph.nodes) values.push(compute(node))
  return values[graph.outputs[0].node]
}
