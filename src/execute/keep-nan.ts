import {
  type AttributesOf,
  addLike,
  draft,
  isPerExample,
  type MapType,
  type Node,
  type NodeId,
  type Padding,
  type Pair,
  shapeOf,
  sizeOf,
  type Tensor,
  variantCount,
} from '../../ir/index.ts'
import { type Partition, windowOf } from '../../ir/ops/attention.ts'
import { type Primitive, read } from '../../ir/ops/expression.ts'
import type { UnaryFunction } from '../../ir/ops/pointwise.ts'
import { expressionOf } from '../../ir/ops/unary-functions.ts'
import type { Executed } from './execution.ts'

/**
 * A number that is none stays one in every function of numbers, in pools and in softmaxes, as in NumPy, PyTorch and the
 * reference evaluator. Runtimes' rectifiers, maxima and softmaxes drop it, each its own, and are the quicker for it. So a
 * graph in which none can arise from finite images is run as it is, and in others what may be dropped is added again.
 */

const finite = ({ data }: Tensor): boolean => data.every(Number.isFinite)

/** Ops that only move numbers about. */
const moves: ReadonlySet<Node['tag']> = new Set<Node['tag']>([
  'Slice',
  'Concat',
  'Reshape',
  'Transpose',
  'Flatten',
  'Unflatten',
  'Act',
  'Stack',
  'Unstack',
])

/** For each node, whether its value may hold a number that is none though all inputs are finite; overflow aside. */
export const mayBeNaN = ({ graph, parameters }: Executed): Uint8Array => {
  const { nodes } = graph
  const may = new Uint8Array(nodes.length)
  const every = (id: NodeId, test: (value: number) => boolean): boolean => {
    const { tag, attributes, operands } = nodes[id]
    if (tag === 'Constant') return attributes.values.every(test)
    if (tag === 'Parameter') return (parameters.get(attributes.name)?.data ?? []).every(test)
    return moves.has(tag) && operands.every(operand => every(operand, test))
  }
  const arises = ({ tag, attributes, operands, type }: Node): boolean => {
    switch (tag) {
      case 'Parameter': {
        const value = parameters.get(attributes.name)
        return value !== undefined && !finite(value)
      }
      case 'BatchNorm':
        return !every(operands[4], v => v + attributes.epsilon > 0) && !isPerExample(nodes[operands[4]].type)
      case 'Unary': {
        const { fn, alpha } = attributes
        if (fn === 'log' || fn === 'power' || fn === 'reciprocal') return !every(operands[0], v => v > 0)
        if (fn === 'sqrt') return !every(operands[0], v => v >= 0)
        return fn === 'rsqrt' && !every(operands[0], v => v + alpha > 0)
      }
      case 'Binary':
        return attributes.fn === 'divide' && isPerExample(type) && !every(operands[1], v => v !== 0)
      default:
        return false
    }
  }
  nodes.forEach((node, id) => {
    if (node.operands.some(operand => may[operand]) || arises(node)) may[id] = 1
  })
  return may
}

/** Functions that some runtime gives a number for where there was none. */
const dropping: ReadonlySet<Primitive> = new Set<Primitive>(['relu', 'clip', 'step', 'exp'])

/** Of a function that is composed of others, whether it drops NaN on every way through them. */
const dropped = (fn: UnaryFunction): boolean =>
  read<boolean>(
    expressionOf(fn, 0, 0),
    { unary: (part, of) => of || dropping.has(part), binary: (_, left, right) => left && right },
    { x: false },
  )

const drops = ({ tag, attributes }: Node): boolean => {
  switch (tag) {
    case 'Unary':
      return dropped(attributes.fn)
    case 'Binary':
      return attributes.fn === 'maximum' || attributes.fn === 'minimum'
    case 'Conv2d':
      return attributes.groups > 1
    case 'BatchNorm':
    case 'MaxPool':
    case 'MeanPool':
    case 'GlobalPool':
    case 'ChannelPool':
    case 'Softmax':
    case 'Attention':
    case 'WindowAttention':
    case 'Combine':
    case 'Certainty':
      return true
    default:
      return false
  }
}

/** So little that it changes no sum, and not 0, by which runtimes do not multiply. */
const nothing = 2 ** -126

const spread = 'espalier NaN '

/** A convolution over one pixel. */
const pointwise: AttributesOf<'Conv2d'> = {
  strides: [1, 1],
  dilations: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  groups: 1,
}

/** Windows side by side. */
const tiles = (size: Pair): AttributesOf<'MeanPool'> => ({
  size,
  strides: size,
  dilations: [1, 1],
  padding: pointwise.padding,
  ceil: false,
  countPadding: false,
})

/** For each tile of a map the pads that take it out, and those that put it back. */
const cuts = ({ h, w }: MapType, [r, s]: Pair): readonly (readonly [out: Padding, back: Padding])[] =>
  Array.from({ length: r * s }, (_, tile) => {
    const [top, left] = [(Math.floor(tile / s) * h) / r, ((tile % s) * w) / s]
    const rows: Pair = [top, h - h / r - top]
    const columns: Pair = [left, w - w / s - left]
    const negative = ([before, after]: Pair): Pair => [0 - before, 0 - after]
    return [
      [negative(rows), negative(columns)],
      [rows, columns],
    ] as const
  })

/** The same graph with what may be dropped added again; the graph itself where nothing may be. */
export const keepingNaN = (executed: Executed): Executed => {
  const { graph, parameters } = executed
  const may = mayBeNaN(executed)
  const lossy = (node: Node, id: NodeId): boolean => may[id] === 1 && drops(node)
  if (!graph.nodes.some(lossy)) return executed
  const d = draft(graph.dialect)
  const given = new Map(parameters)
  const at: NodeId[] = []
  const applied = (fn: UnaryFunction, x: NodeId, alpha = 0): NodeId => d.add('Unary', [x], { fn, alpha, beta: 0 })
  /** A number next to nothing where there is one. */
  const trace = (x: NodeId): NodeId => applied('affine', applied('tanh', x), nothing)
  const ones = (name: string, shape: readonly number[]): NodeId => {
    given.set(name, { shape, data: new Float32Array(sizeOf(shape)).fill(1) })
    return d.add('Parameter', [], { name, shape })
  }
  /** Of a vector, in every place of the result if in one; of a map so at each pixel. */
  const everywhere = (x: NodeId, from: number, to = from): NodeId =>
    d.nodes[x].type.kind === 'Map'
      ? d.add('Conv2d', [x, ones(`${spread}of pixels ${from} ${to}`, [1, 1, from, to])], pointwise)
      : d.add('Dense', [x, ones(`${spread}${from} ${to}`, [from, to])], {})
  const padded = (x: NodeId, padding: Padding): NodeId => d.add('Pad', [x], { padding, channels: [0, 0], value: 0 })
  /** Of a map, at each pixel of a window if at one. */
  const inItsWindow = (map: NodeId, window: Pair, partition: Partition): NodeId => {
    const type = d.nodes[map].type as MapType
    if (partition === 'blocks') {
      const means = windowed(d.add('MeanPool', [map], tiles(window)))
      return d.add('Resize', [means], { size: [type.h, type.w], method: 'nearest', coordinates: 'half-pixel' })
    }
    const places = cuts(type, window)
    const sum = places.map(([out]) => padded(map, out)).reduce(add)
    return places.map(([, back]) => padded(sum, back)).reduce(add)
  }
  /** Every value of a stack, or the value itself. */
  const variantsOf = (x: NodeId): readonly NodeId[] => {
    const count = variantCount(d.nodes[x].variants)
    return count === 1 ? [x] : Array.from({ length: count }, (_, index) => d.add('Unstack', [x], { index, count }))
  }
  const add = (a: NodeId, b: NodeId): NodeId => d.add('Binary', [a, b], { fn: 'add' })
  /** WebAssembly's sums of windows are −∞ where a number is none. */
  const windowed = (sums: NodeId): NodeId => applied('swish', sums)
  const sumOf = (y: NodeId, ids: readonly NodeId[]): NodeId => ids.map(trace).reduce(add, y)
  const kept = (node: Node, y: NodeId, operands: readonly NodeId[]): NodeId => {
    const [x] = operands
    switch (node.tag) {
      case 'MaxPool':
      case 'MeanPool':
        return add(y, windowed(d.add('MeanPool', [trace(x)], { ...node.attributes, countPadding: false })))
      case 'GlobalPool':
        return add(y, windowed(d.add('GlobalPool', [trace(x)], { reduction: 'mean' })))
      case 'ChannelPool':
        return add(y, d.add('ChannelPool', [trace(x)], { reduction: 'mean' }))
      case 'Conv2d':
        return add(y, windowed(d.add('Conv2d', [trace(x), applied('tanh', operands[1])], node.attributes)))
      case 'BatchNorm':
        return sumOf(y, [...operands.slice(0, 4), applied('rsqrt', operands[4], node.attributes.epsilon)])
      case 'Softmax':
      case 'Combine': {
        const { type } = node
        const values = node.tag === 'Combine' ? operands.flatMap(variantsOf) : operands
        return type.kind === 'Shared' ? y : values.map(value => everywhere(trace(value), type.c)).reduce(add, y)
      }
      case 'Attention':
      case 'WindowAttention': {
        const maps = node.tag === 'Attention' ? operands : operands.slice(0, 3)
        const bias = node.tag === 'Attention' ? undefined : shapeOf(d.nodes[operands[3]].type)
        const heads = node.tag === 'Attention' ? node.attributes.heads : (bias as readonly number[])[2]
        const { c } = d.nodes[y].type as MapType
        const [queries, ...memory] = maps.map(trace)
        const anywhere = (map: NodeId): NodeId =>
          node.tag === 'Attention'
            ? d.add('Unflatten', [windowed(d.add('GlobalPool', [map], { reduction: 'mean' }))], {})
            : inItsWindow(map, windowOf(bias as readonly number[]), node.attributes.partition)
        /** In every channel of a head of the result if in one of the head's. */
        const headwise = (map: NodeId): NodeId => {
          const size = (d.nodes[map].type as MapType).c / heads
          const parts = Array.from({ length: heads }, (_, head) =>
            everywhere(d.add('Slice', [map], { axis: 2, begin: head * size, size }), size, c / heads),
          )
          return d.add('Concat', parts, { axis: 2 })
        }
        const found = memory.map(anywhere).map((pixel, k) => (k % 2 === 0 ? headwise(pixel) : pixel))
        return [headwise(queries), ...found].reduce(add, y)
      }
      case 'Certainty': {
        const { type } = d.nodes[x]
        return type.kind === 'Vector' ? add(y, everywhere(trace(x), type.c, 1)) : y
      }
      default:
        return sumOf(y, operands)
    }
  }
  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => at[operand])
    const plain = addLike(d, node, operands)
    at[id] = lossy(node, id) ? kept(node, plain, operands) : plain
  })
  const outputs = graph.outputs.map(({ name, node }) => ({ name, node: at[node] }))
  return { graph: d.finish(outputs), parameters: given }
}
