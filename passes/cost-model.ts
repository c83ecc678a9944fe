import * as t from 'io-ts'
import {
  type Graph,
  isPerExample,
  type Node,
  type NodeOf,
  type OpTag,
  shapeOf,
  sizeOf,
  variantCount,
} from '../ir/index.ts'
import { nodeMultiplyAdds } from './cost.ts'
import { epiloguesOf } from './epilogue.ts'

/** Ops whose time goes by one rule: the first three multiply, the others pass over memory in their own ways. */
export const workKinds = [
  'convolution',
  'depthwise',
  'dense',
  'pointwise',
  'bias',
  'pool',
  'global-pool',
  'slice',
  'concat',
  'rearrange',
  'view',
] as const
/** A kind of op whose time goes by one rule. */
export type WorkKind = (typeof workKinds)[number]

/** What the time of an op is linear in: how often it is called, and what it does at each call. */
export const quantities = ['calls', 'multiply_adds', 'windows', 'rows', 'bytes'] as const
/** A quantity that the time of an op is linear in. */
export type Quantity = (typeof quantities)[number]
/** How much of each quantity a graph does, by kind of op. */
export type Work = Readonly<Record<WorkKind, Readonly<Record<Quantity, number>>>>

const Rate = t.refinement(t.number, n => Number.isFinite(n) && n >= 0, 'a number from 0')
const Rates = t.strict({
  /** Microseconds of a call that does nothing. */
  calls: Rate,
  /** Microseconds of a million multiply-adds. */
  multiply_adds: Rate,
  /** Microseconds of a megabyte of windows: what a convolution would copy to become a matrix product. */
  windows: Rate,
  /** Microseconds of a million runs of numbers that a copy moves one by one. */
  rows: Rate,
  /** Microseconds of a megabyte read or written. */
  bytes: Rate,
})
/** Microseconds of one of each quantity. */
export type Rates = t.TypeOf<typeof Rates>

/** What ops cost on one backend of one machine. */
export const CostModel = t.strict(
  {
    /** Whether a convolution or normalization takes the bias and the clamp after it along at no cost. */
    fuses: t.boolean,
    rates: t.strict({
      convolution: Rates,
      depthwise: Rates,
      dense: Rates,
      pointwise: Rates,
      bias: Rates,
      pool: Rates,
      'global-pool': Rates,
      slice: Rates,
      concat: Rates,
      rearrange: Rates,
      view: Rates,
    } satisfies Record<WorkKind, typeof Rates>),
  },
  'CostModel',
)
export type CostModel = t.TypeOf<typeof CostModel>

interface Effort {
  readonly kind: WorkKind
  readonly calls: number
}

type EffortOf<T extends OpTag> = (node: NodeOf<T>, operands: readonly Node[]) => Effort | null

const free = (): null => null
const calls =
  (kind: WorkKind, count = 1) =>
  (): Effort => ({ kind, calls: count })

/** By which rule each op is charged and how many kernels it takes; null for what happens once, at load, or not at all. */
const efforts: { readonly [T in OpTag]: EffortOf<T> } = {
  Conv2d: ({ attributes: { groups } }, [input]) =>
    groups > 1 && groups === shapeOf(input.type)[2]
      ? { kind: 'depthwise', calls: 1 }
      : { kind: 'convolution', calls: groups },
  Dense: calls('dense'),
  Input: free,
  Parameter: free,
  Constant: free,
  BatchNorm: calls('bias'),
  Unary: calls('pointwise'),
  Binary: (_, operands) => ({ kind: operands.every(o => isPerExample(o.type)) ? 'pointwise' : 'bias', calls: 1 }),
  Softmax: calls('pointwise'),
  Attention: calls('dense', 2),
  WindowAttention: calls('dense', 2),
  MaxPool: calls('pool'),
  MeanPool: calls('pool'),
  GlobalPool: calls('global-pool'),
  ChannelPool: calls('global-pool'),
  Resize: calls('rearrange'),
  Rotate: calls('rearrange'),
  Scale: calls('rearrange'),
  Pad: calls('rearrange'),
  Concat: calls('concat'),
  Slice: calls('slice'),
  Transpose: calls('rearrange'),
  Act: calls('rearrange'),
  Shift: calls('rearrange', 2),
  Stack: calls('concat'),
  Unstack: calls('slice'),
  Flatten: ({ attributes: { order } }) => ({ kind: order === 'hwc' ? 'view' : 'rearrange', calls: 1 }),
  Unflatten: calls('view'),
  // Parameters alone have another shape.
  Reshape: free,
  Branch: calls('concat'),
  Undo: calls('rearrange'),
  Reduce: calls('pointwise', 6),
  Combine: calls('pointwise', 6),
  Certainty: calls('pointwise', 3),
  Select: calls('pointwise', 2),
  ReduceTo: calls('global-pool'),
  InverseCount: free,
  Stretch: calls('rearrange'),
  Conv2dTranspose: ({ type, attributes: { groups } }) =>
    groups > 1 && groups === shapeOf(type)[2]
      ? { kind: 'depthwise', calls: 1 }
      : { kind: 'convolution', calls: groups },
  // Results for the whole batch, as training has them: no model is asked for these.
  Conv2dFilterGradient: free,
  DenseWeightsGradient: free,
  BatchNormInputGradient: calls('bias', 4),
  MaxPoolGradient: calls('pool'),
  MeanPoolGradient: calls('pool'),
  ResizeGradient: calls('rearrange', 2),
  FlattenGradient: ({ attributes: { order } }) => ({ kind: order === 'hwc' ? 'view' : 'rearrange', calls: 1 }),
  Warp: calls('rearrange'),
  WarpGradient: calls('rearrange', 2),
  AttentionGradient: calls('dense', 4),
  WindowAttentionGradient: calls('dense', 4),
}

const numbersIn = (node: Node, batch: number): number =>
  sizeOf(shapeOf(node.type)) * (isPerExample(node.type) ? batch * variantCount(node.variants) : 1)

const copying: ReadonlySet<WorkKind> = new Set(['slice', 'concat', 'rearrange'])

/** What is copied is read once and written once; other ops read all that they are given. */
const bytesOf = (kind: WorkKind, node: Node, operands: readonly Node[], batch: number): number => {
  const written = numbersIn(node, batch)
  if (kind === 'view') return 0
  return 4 * (copying.has(kind) ? 2 * written : operands.reduce((sum, o) => sum + numbersIn(o, batch), written))
}

/** Nodes that a backend computes with the convolution or normalization before them: its bias, and a clamp. */
const fusedNodes = (graph: Graph): Uint8Array => {
  const fused = new Uint8Array(graph.nodes.length)
  const epilogueOf = epiloguesOf(graph)
  graph.nodes.forEach(({ tag }, head) => {
    if (tag !== 'Conv2d' && tag !== 'BatchNorm') return
    const { sum, clamp } = epilogueOf(head)
    if (sum !== undefined) fused[sum.id] = 1
    if (clamp !== undefined) fused[clamp.id] = 1
  })
  return fused
}

/** Where numbers that are copied do not lie side by side: along channels pixel by pixel, along the batch a value at a time. */
const rowsOf = (kind: WorkKind, node: Node, operands: readonly Node[], batch: number): number => {
  if (!copying.has(kind)) return 0
  if (node.tag === 'Stack' || node.tag === 'Unstack') return operands.length
  const parts = node.tag === 'Concat' ? operands : [node]
  return parts.reduce((sum, part) => sum + numbersIn(part, batch) / (shapeOf(part.type).at(-1) ?? 1), 0)
}

const million = 1e6

/** How often each kind of op is called for one batch, and how many millions of each quantity it works through. Linear in the graph. */
export const workOf = (graph: Graph, batch: number, fuses: boolean): Work => {
  const work = Object.fromEntries(
    workKinds.map(kind => [kind, { calls: 0, multiply_adds: 0, windows: 0, rows: 0, bytes: 0 }]),
  ) as Record<WorkKind, Record<Quantity, number>>
  const fused = fuses ? fusedNodes(graph) : null
  graph.nodes.forEach((node, id) => {
    if (!isPerExample(node.type) || fused?.[id] === 1) return
    const operands = node.operands.map(operand => graph.nodes[operand])
    const effort = (efforts[node.tag] as EffortOf<OpTag>)(node as never, operands)
    if (effort === null) return
    const done = work[effort.kind]
    const multiplyAdds = nodeMultiplyAdds(graph, node) * batch
    done.calls += effort.calls
    done.multiply_adds += multiplyAdds / million
    if (node.tag === 'Conv2d')
      done.windows += (4 * multiplyAdds * node.attributes.groups) / shapeOf(node.type)[2] / million
    done.rows += rowsOf(effort.kind, node, operands, batch) / million
    done.bytes += bytesOf(effort.kind, node, operands, batch) / million
  })
  return work
}

/** Predicted microseconds of one batch: work times rates. */
export const microsecondsOf = (work: Work, rates: CostModel['rates']): number =>
  workKinds.reduce(
    (sum, kind) => quantities.reduce((part, quantity) => part + work[kind][quantity] * rates[kind][quantity], sum),
    0,
  )

/** Microseconds of a flat, stacked or branched graph; what depends on parameters alone costs nothing, for it is computed at load. */
export type Predict = (graph: Graph) => number

/** Predicts the time of a graph at so many images a batch. */
export const predictor =
  (model: CostModel, batch: number): Predict =>
  graph =>
    microsecondsOf(workOf(graph, batch, model.fuses), model.rates)
