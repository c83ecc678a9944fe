import { format as formatAttribute, tensorProto } from './attributes.ts'
import type { Attributes, Format, NodeDef } from './schema.ts'

/** TensorFlow's ops that graphs here are made of, and how inside a function their output is called, or each of their outputs. */
const outputNames = {
  Abs: 'y',
  AddN: 'sum',
  AddV2: 'z',
  AvgPool: 'output',
  AvgPoolGrad: 'output',
  BatchMatMulV2: 'output',
  BatchToSpaceND: 'output',
  BiasAdd: 'output',
  BroadcastTo: 'output',
  Cast: 'y',
  ConcatV2: 'output',
  Const: 'output',
  Conv2D: 'output',
  Conv2DBackpropFilter: 'output',
  Conv2DBackpropInput: 'output',
  DepthwiseConv2dNative: 'output',
  DepthwiseConv2dNativeBackpropFilter: 'output',
  DepthwiseConv2dNativeBackpropInput: 'output',
  Elu: 'activations',
  Erf: 'y',
  Exp: 'y',
  FloorDiv: 'z',
  FloorMod: 'z',
  FusedBatchNormGradV3: ['x_backprop', 'scale_backprop', 'offset_backprop', 'reserve_space_3', 'reserve_space_4'],
  FusedBatchNormV3: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'],
  GatherV2: 'output',
  Identity: 'output',
  LeakyRelu: 'activations',
  Less: 'z',
  Log: 'y',
  LogSoftmax: 'logsoftmax',
  MatMul: 'product',
  Max: 'output',
  MaxPool: 'output',
  MaxPoolGrad: 'output',
  Maximum: 'z',
  Mean: 'output',
  Min: 'output',
  Minimum: 'z',
  Mul: 'z',
  Neg: 'y',
  PadV2: 'output',
  Placeholder: 'output',
  RealDiv: 'z',
  Reciprocal: 'y',
  Relu: 'activations',
  Relu6: 'activations',
  ReluGrad: 'backprops',
  Reshape: 'output',
  ReverseV2: 'output',
  Round: 'y',
  Rsqrt: 'y',
  ScaleAndTranslate: 'resized_images',
  SelectV2: 'output',
  Shape: 'output',
  Sigmoid: 'y',
  Sign: 'y',
  Size: 'output',
  Slice: 'output',
  Softmax: 'softmax',
  Softplus: 'activations',
  SpaceToBatchND: 'output',
  Split: 'output',
  Sqrt: 'y',
  Square: 'y',
  SquaredDifference: 'z',
  StatefulPartitionedCall: 'output',
  StatelessIf: 'output',
  StridedSlice: 'output',
  Sub: 'z',
  Sum: 'output',
  Tanh: 'y',
  TensorScatterUpdate: 'output',
  TopKV2: ['values', 'indices'],
  Transpose: 'y',
  Where: 'index',
} as const
export type Op = keyof typeof outputNames

/** The ops whose types have other names than `T`. */
const typedOtherwise: ReadonlySet<Op> = new Set<Op>(['Cast', 'GatherV2', 'StatelessIf'])

/** What one output of a node, or an argument of a function, holds. */
export interface Value {
  readonly node: string
  readonly op: Op | 'argument'
  readonly index: number
  readonly format: Format
  /** A convolution of several groups, or what constants may be folded into it from: TensorFlow's plain kernels fuse no bias with it. */
  readonly grouped?: true
  /** Of a depthwise convolution with a bias these two: TensorFlow's remapper has no kernel that adds another map to both, and fails for the whole graph. */
  readonly biased?: { readonly bare: Value; readonly bias: Value }
}

/** How nodes of a graph spell a value that they read. */
export const inGraph = ({ node, index }: Value): string => (index === 0 ? node : `${node}:${index}`)

/** How nodes of a function spell a value that they read. */
export const inFunction = ({ node, op, index }: Value): string => {
  if (op === 'argument') return node
  const names: string | readonly string[] = outputNames[op]
  return typeof names === 'string' ? `${node}:${names}:${index}` : `${node}:${names[index]}:0`
}

/** Adds nodes to a graph or to the body of a function. */
export interface Emitter {
  /** Who runs the nodes: TensorFlow's kernels, which fuse the patterns they know, or XLA, which fuses anything. */
  readonly runner: 'kernels' | 'xla'
  /** One node; unless told otherwise, its type `T` and its result are of the first operand's format. */
  readonly node: (op: Op, operands: readonly Value[], attributes?: Attributes, result?: Format) => Value
  readonly constant: (shape: readonly number[], values: ArrayLike<number>, format: Format) => Value
}

/** A name as TensorFlow allows it: letters, digits and `_.-/`, the first a letter or a digit. */
const allowed = (name: string): string => {
  const cleared = name.replace(/[^\w.\-/]/g, '_')
  return /^[A-Za-z0-9]/.test(cleared) ? cleared : `n${cleared}`
}

/** Gives each node a name of its own. */
export type Namer = (wanted: string) => string

export const namer = (): Namer => {
  const used = new Map<string, number>()
  return wanted => {
    const base = allowed(wanted)
    let name = base
    let k = used.get(base) ?? 0
    while (used.has(name)) name = `${base}_${++k}`
    used.set(base, k)
    used.set(name, used.get(name) ?? 0)
    return name
  }
}

/** A body's nodes as they are added; `nameOf` gives each a name of its own, `spell` how nodes name what they read. */
export const emitter = (
  runner: Emitter['runner'],
  nameOf: (op: Op) => string,
  spell: (value: Value) => string,
): { readonly emit: Emitter; readonly nodes: readonly NodeDef[] } => {
  const nodes: NodeDef[] = []
  const add = (op: Op, operands: readonly Value[], attr: Attributes, result: Format): Value => {
    const name = nameOf(op)
    nodes.push({ name, op, input: operands.map(spell), attr })
    return { node: name, op, index: 0, format: result }
  }
  return {
    nodes,
    emit: {
      runner,
      node: (op, operands, attributes = {}, result = operands[0].format) => {
        const type: Attributes = typedOtherwise.has(op) ? {} : { T: formatAttribute(operands[0].format) }
        return add(op, operands, { ...type, ...attributes }, result)
      },
      constant: (shape, values, format) => {
        const value = { tensor: tensorProto(shape, values, format) }
        return add('Const', [], { dtype: formatAttribute(format), value }, format)
      },
    },
  }
}
