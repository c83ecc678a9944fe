import {
  type AttributesOf,
  type Graph,
  type Node,
  type NodeId,
  type NodeOf,
  type OpTag,
  shapeOf,
} from '../../../ir/index.ts'
import { scalarLike } from './arrange.ts'
import { flag, format, real, text } from './attributes.ts'
import type { Emitter, Value } from './emitter.ts'
import type { Formats } from './formats.ts'
import type { Format } from './schema.ts'

type Read = (id: NodeId, format: Format) => Value
/** Gives the value of a node in another way than its op's. */
export type Instead = (emit: Emitter, read: Read) => Value

/** TensorFlow's op, computed where the first of its values is asked for. */
type Fused = (emit: Emitter, read: Read) => Value

/** A statistic, or a gradient of one. */
const output = (value: Value, index: number): Value => ({ ...value, index, format: 'float32' })

const onceFor = (make: Fused): Fused => {
  let made: Value | undefined
  return (emit, read) => {
    made ??= make(emit, read)
    return made
  }
}

const settings = (epsilon: number) => ({
  U: format('float32'),
  epsilon: real(epsilon),
  data_format: text('NHWC'),
  is_training: flag(true),
})

/** The node where it has a tag, and these attributes. */
const as = <T extends OpTag>(
  node: Node | undefined,
  tag: T,
  attributes: Partial<AttributesOf<T>> = {},
): NodeOf<T> | undefined =>
  node?.tag === tag &&
  Object.entries(attributes).every(
    ([key, value]) => (node.attributes as Readonly<Record<string, unknown>>)[key] === value,
  )
    ? (node as unknown as NodeOf<T>)
    : undefined

/**
 * Normalizations by their own batch's statistics, and their gradients, which TensorFlow has one op each for: the nodes whose values are among those of such an op, on maps of
 * either format. What else was on the way to them nothing asks for any more.
 */
export const batchNormalizations = (graph: Graph, { of }: Formats): ReadonlyMap<NodeId, Instead> => {
  const { nodes } = graph
  const instead = new Map<NodeId, Instead>()
  const forwards = new Map<string, { readonly fused: Fused; readonly map: Format }>()
  const sharedBy = (id: NodeId): readonly NodeId[] => nodes[id].operands

  const forward = (id: NodeId): void => {
    const norm = as(nodes[id], 'BatchNorm')
    if (norm === undefined || norm.type.kind !== 'Map') return
    const [x, scale, offset, mean, variance] = norm.operands
    const [ofMean, ofVariance] = [
      as(nodes[mean], 'ReduceTo', { reduction: 'mean' }),
      as(nodes[variance], 'ReduceTo', { reduction: 'variance' }),
    ]
    const own = [ofMean, ofVariance].every(node => node?.operands[0] === x && shapeOf(node.type).length === 1)
    const early = Math.max(scale, offset) < Math.min(mean, variance)
    if (!own || !early || instead.has(mean) || instead.has(variance)) return
    const { epsilon } = norm.attributes
    const map = of(id)
    const fused = onceFor((emit, read) => {
      const nothing = emit.constant([0], [], 'float32')
      const given = [read(x, map), read(scale, 'float32'), read(offset, 'float32'), nothing, nothing]
      return emit.node('FusedBatchNormV3', given, { ...settings(epsilon), exponential_avg_factor: real(1) })
    })
    forwards.set(`${x} ${mean} ${variance} ${epsilon}`, { fused, map })
    instead.set(id, fused)
    instead.set(mean, (emit, read) => output(fused(emit, read), 1))
    // Of what TensorFlow gives for a variance N − 1 numbers are free.
    instead.set(variance, (emit, read) => {
      const estimate = output(fused(emit, read), 2)
      const numbers = emit.node('Size', [read(x, map)], { out_type: format('int32') }, 'int32')
      const count = emit.node('RealDiv', [
        emit.node(
          'Cast',
          [numbers],
          { SrcT: format('int32'), DstT: format('float32'), Truncate: flag(false) },
          'float32',
        ),
        scalarLike(emit, estimate, shapeOf(norm.type)[2]),
      ])
      const free = emit.node('Sub', [count, scalarLike(emit, count, 1)])
      return emit.node('Mul', [estimate, emit.node('RealDiv', [free, count])])
    })
  }

  const backward = (id: NodeId): void => {
    const node = as(nodes[id], 'BatchNormInputGradient')
    if (node === undefined || node.type.kind !== 'Map') return
    const [x, gradient, scale, mean, variance, meanGradient, meanProduct] = node.operands
    const { epsilon } = node.attributes
    const statistics = forwards.get(`${x} ${mean} ${variance} ${epsilon}`)
    const totalOf = (id: NodeId): NodeId | undefined => {
      const [total, share] = as(nodes[id], 'Binary', { fn: 'multiply' })?.operands ?? []
      return as(nodes[share], 'InverseCount')?.operands[0] === x && shapeOf(nodes[total].type).length === 1
        ? total
        : undefined
    }
    const [sum, product] = [totalOf(meanGradient), totalOf(meanProduct)]
    if (statistics === undefined || sum === undefined || product === undefined) return
    const ofGradient = as(nodes[sum], 'ReduceTo', { reduction: 'sum' })?.operands[0] === gradient
    const [centredSum, r] = as(nodes[product], 'Binary', { fn: 'multiply' })?.operands ?? []
    const [weighed] = as(nodes[centredSum], 'ReduceTo', { reduction: 'sum' })?.operands ?? []
    const [other, centred] = as(nodes[weighed], 'Binary', { fn: 'multiply' })?.operands ?? []
    const difference = as(nodes[centred], 'Binary', { fn: 'subtract' })?.operands ?? []
    const isProduct = other === gradient && difference[0] === x && difference[1] === mean
    const isRoot = as(nodes[r], 'Unary', { fn: 'rsqrt', alpha: epsilon }) !== undefined && sharedBy(r)[0] === variance
    const early = Math.max(x, gradient, scale, mean, variance) < Math.min(sum, product)
    if (!ofGradient || !isProduct || !isRoot || !early || instead.has(product)) return
    const fused = onceFor((emit, read) => {
      const saved = statistics.fused(emit, read)
      const reserved = [3, 4, 5].map(index => output(saved, index))
      const given = [read(gradient, statistics.map), read(x, statistics.map), read(scale, 'float32'), ...reserved]
      return emit.node('FusedBatchNormGradV3', given, settings(epsilon))
    })
    instead.set(id, fused)
    instead.set(product, (emit, read) => output(fused(emit, read), 1))
    // Branches that meet in a sum share the gradient, and the total of it.
    if (!instead.has(sum)) instead.set(sum, (emit, read) => output(fused(emit, read), 2))
  }

  nodes.forEach((_, id) => {
    forward(id)
  })
  nodes.forEach((_, id) => {
    backward(id)
  })
  return instead
}
