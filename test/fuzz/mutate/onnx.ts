import type { Random } from '../../../src/base/random.ts'
import { onnxSchema } from '../../../src/network/import/onnx/schema.ts'
import { mutateBytes } from './bytes.ts'
import { changes, oddNumbers, oddTexts, otherNumber, pick, weighted } from './draw.ts'
import { mutateTree, smallerTrees } from './tree.ts'

/** A decoded model: what the schema says, and not a word of it sure. */
interface Attribute {
  name?: string
  type?: number
  i?: number
  f?: number
  ints: number[]
}
interface Node {
  op_type?: string
  name?: string
  domain?: string
  input: string[]
  output: string[]
  attribute: Attribute[]
}
interface Tensor {
  name?: string
  dims: number[]
  data_type?: number
  raw_data?: Uint8Array
  float_data: number[]
  int64_data: number[]
}
interface Model {
  opset_import: { domain?: string; version?: number }[]
  graph: {
    node: Node[]
    initializer: Tensor[]
    input: object[]
    output: { name?: string }[]
  }
}

const type = onnxSchema.lookupType('ModelProto')

export const decodeModel = (bytes: Uint8Array): Model =>
  type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as Model

export const encodeModel = (model: unknown): Uint8Array => type.encode(type.fromObject(model as object)).finish()

const unary =
  'Relu Sigmoid Tanh Abs Neg Exp Log Sqrt Erf Elu LeakyRelu HardSigmoid HardSwish Softplus Softmax LogSoftmax Identity Dropout Reciprocal Flatten Transpose Squeeze Unsqueeze Cast Clip Gelu GlobalAveragePool GlobalMaxPool ReduceMean ReduceMax Shape ConstantOfShape Floor Ceil Not Selu Celu Mish Softsign ThresholdedRelu LpNormalization InstanceNormalization LRN'.split(
    ' ',
  )
const binary =
  'Add Sub Mul Div Min Max Pow PRelu MatMul Gemm Concat Sum Mean Reshape Expand Gather Equal Less Where Tile Mod'.split(
    ' ',
  )
const others =
  'Conv ConvTranspose AveragePool MaxPool Pad Slice Split Resize Upsample DepthToSpace SpaceToDepth BatchNormalization LayerNormalization GroupNormalization If Loop Einsum Range Constant CumSum TopK NonZero GridSample'.split(
    ' ',
  )
const ops = [...unary, ...binary, ...others]
const attributes =
  'axis axes keepdims perm kernel_shape strides dilations pads auto_pad group ceil_mode count_include_pad alpha beta transA transB epsilon mode value to allowzero num_outputs blocksize min max training_mode storage_order'.split(
    ' ',
  )

const names = ({ graph }: Model): readonly string[] => [
  ...graph.node.flatMap(node => [...node.input, ...node.output]),
  ...graph.initializer.map(tensor => tensor.name ?? ''),
]

type Change = (model: Model, random: Random) => void

const onNode =
  (change: (node: Node, random: Random, model: Model) => void): Change =>
  (model, random) => {
    if (model.graph.node.length > 0) change(pick(random, model.graph.node), random, model)
  }

/** A node between a value and one of its readers: what comes of it is often right. */
const insertNode: Change = onNode((reader, random, model) => {
  if (reader.input.length === 0) return
  const k = random.below(reader.input.length)
  const out = `between${model.graph.node.length}`
  const op = pick(random, random.below(4) > 0 ? unary : ops)
  const inputs = binary.includes(op) ? [reader.input[k], pick(random, names(model))] : [reader.input[k]]
  const like = model.graph.node.filter(node => node.op_type === op && node.attribute.length > 0)
  const attribute = like.length > 0 ? structuredClone(pick(random, like).attribute) : []
  model.graph.node.splice(model.graph.node.indexOf(reader), 0, {
    op_type: op,
    name: out,
    input: inputs,
    output: [out],
    attribute,
  })
  reader.input[k] = out
})

/** A value that is added to itself again and again: what walks every path does not come back; what walks each node once does. */
const deepen: Change = onNode((reader, random, { graph }) => {
  if (reader.input.length === 0) return
  const [op, most] = pick(random, [
    ['Add', 60],
    ['Max', 60],
    ['Relu', 2000],
    ['Identity', 5000],
  ] as const)
  let x = reader.input[0]
  const added = Array.from({ length: 2 + random.below(most) }, (_, k) => {
    const out = `deep${graph.node.length}_${k}`
    const node = { op_type: op, name: out, input: most === 60 ? [x, x] : [x], output: [out], attribute: [] }
    x = out
    return node
  })
  graph.node.splice(graph.node.indexOf(reader), 0, ...added)
  reader.input[0] = x
})

/** The answer averaged with others that it was computed from, as exported augmentations and ensembles are. */
const average: Change = ({ graph }, random) => {
  const [output] = graph.output
  if (output === undefined) return
  const maker = graph.node.find(node => node.output.includes(output.name ?? ''))
  if (maker === undefined) return
  const copies = Array.from({ length: 1 + random.below(4) }, (_, k) => {
    const copy = structuredClone(maker)
    copy.name = `${copy.name}again${k}`
    copy.output = [`again${graph.node.length}_${k}`]
    return copy
  })
  const reduction = pick(random, ['Mean', 'Max', 'Sum', 'Min'])
  const answer = `answer${graph.node.length}`
  const input = [output.name ?? '', ...copies.map(copy => copy.output[0])]
  graph.node.push(...copies, { op_type: reduction, name: answer, input, output: [answer], attribute: [] })
  output.name = answer
}

const removeNode: Change = onNode((node, random, model) => {
  const { graph } = model
  graph.node.splice(graph.node.indexOf(node), 1)
  // Its readers read what it read: the graph stays whole.
  if (random.below(4) === 0 || node.input.length === 0) return
  for (const other of graph.node)
    other.input = other.input.map(name => (node.output.includes(name) ? node.input[0] : name))
})

const changeAttribute: Change = onNode((node, random) => {
  if (node.attribute.length === 0) return
  const attribute = pick(random, node.attribute)
  if (attribute.ints.length > 0) {
    const at = random.below(attribute.ints.length)
    attribute.ints[at] = Math.trunc(otherNumber(random, attribute.ints[at], attribute.ints))
  } else if (attribute.type === 2) attribute.i = Math.trunc(otherNumber(random, attribute.i ?? 0))
  else if (attribute.type === 1) attribute.f = otherNumber(random, attribute.f ?? 0)
  else attribute.name = pick(random, attributes)
})

const addAttribute: Change = onNode((node, random, model) => {
  const all = model.graph.node.flatMap(other => other.attribute)
  if (all.length > 0 && random.below(2) === 0) node.attribute.push(structuredClone(pick(random, all)))
  else {
    const value = weighted<object>(random, [
      [2, { type: 2, i: pick(random, [-1, 0, 1, 2, 3]) }],
      [2, { type: 7, ints: Array.from({ length: random.below(5) }, () => random.below(4) - 1) }],
      [1, { type: 1, f: random.normal() }],
    ])
    node.attribute.push({ ints: [], ...value, name: pick(random, attributes) })
  }
})

const changeTensor: Change = ({ graph }, random) => {
  if (graph.initializer.length === 0) return
  const tensor = pick(random, graph.initializer)
  weighted(random, [
    [
      3,
      () => {
        if (tensor.dims.length > 0)
          tensor.dims[random.below(tensor.dims.length)] = Math.trunc(
            otherNumber(random, pick(random, tensor.dims), tensor.dims),
          )
      },
    ],
    [1, () => tensor.dims.push(pick(random, [0, 1, 2, -1]))],
    [1, () => tensor.dims.reverse()],
    [
      2,
      () => {
        tensor.data_type = pick(random, [1, 1, 2, 3, 6, 7, 9, 10, 11, 12, 13, 16, 0, 99])
      },
    ],
    [
      2,
      () => {
        if (tensor.raw_data !== undefined) tensor.raw_data = mutateBytes(tensor.raw_data, random)
      },
    ],
    [
      2,
      () => {
        const view =
          tensor.raw_data === undefined
            ? []
            : Array.from(new Float32Array(new Uint8Array(tensor.raw_data).buffer, 0, tensor.raw_data.length >> 2))
        if (view.length === 0) return
        view[random.below(view.length)] = pick(random, [
          Number.NaN,
          Number.POSITIVE_INFINITY,
          -1,
          0,
          1e30,
          1e-40,
          ...oddNumbers,
        ])
        tensor.raw_data = new Uint8Array(Float32Array.from(view).buffer)
      },
    ],
    [
      2,
      () => {
        const list = tensor.int64_data.length > 0 ? tensor.int64_data : tensor.float_data
        if (list.length > 0) list[random.below(list.length)] = Math.trunc(otherNumber(random, pick(random, list), list))
      },
    ],
    [1, () => graph.initializer.push(structuredClone(tensor))],
    [1, () => graph.initializer.splice(graph.initializer.indexOf(tensor), 1)],
  ])()
}

const structural: readonly (readonly [number, Change])[] = [
  [8, insertNode],
  [0.4, deepen],
  [2, average],
  [3, removeNode],
  [6, changeAttribute],
  [3, addAttribute],
  [
    2,
    onNode((node, random) => {
      if (node.attribute.length > 0) node.attribute.splice(random.below(node.attribute.length), 1)
    }),
  ],
  [5, changeTensor],
  [
    3,
    onNode((node, random) => {
      node.op_type = pick(random, ops)
    }),
  ],
  [
    3,
    onNode((node, random, model) => {
      if (node.input.length > 0) node.input[random.below(node.input.length)] = pick(random, ['', ...names(model)])
    }),
  ],
  [1, onNode((node, random, model) => node.input.push(pick(random, names(model))))],
  [
    1,
    onNode((node, random, model) => {
      if (node.output.length > 0)
        node.output[random.below(node.output.length)] = pick(random, [...names(model), ...oddTexts])
    }),
  ],
  [
    1,
    onNode((node, random) => {
      node.domain = pick(random, ['ai.onnx', 'com.microsoft', 'ai.onnx.ml', 'x', ''])
    }),
  ],
  [
    1,
    onNode((node, random, { graph }) => graph.node.splice(random.below(graph.node.length), 0, structuredClone(node))),
  ],
  [
    1,
    ({ graph }, random) => {
      graph.node.push(...graph.node.splice(random.below(graph.node.length), 1))
    },
  ],
  [
    1,
    ({ opset_import: opsets }, random) => {
      if (opsets.length > 0) opsets[0].version = 7 + random.below(18)
    },
  ],
  [
    1,
    ({ graph }, random) => {
      if (graph.output.length > 0)
        graph.output[0].name = pick(
          random,
          graph.node.flatMap(node => node.output),
        )
    },
  ],
]

/** A model with nodes put in, taken out and rewired, attributes, weights and extents changed; or any field of it, or its bytes. */
export const mutateModel = (bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array => {
  const way = weighted(random, [
    [8, 'structure'],
    [3, 'tree'],
    [2, 'bytes'],
  ] as const)
  if (way === 'bytes') return mutateBytes(bytes, random, other)
  try {
    const model = decodeModel(bytes)
    if (way === 'tree') return encodeModel(mutateTree(model, random, [...ops, ...names(model)]))
    for (let n = changes(random); n > 0; n--) weighted(random, structural)(model, random)
    return encodeModel(model)
  } catch {
    // A field of a kind that cannot be written.
    return mutateBytes(bytes, random, other)
  }
}

/** A model without one of its parts, where it can still be written. */
export function* smallerModels(bytes: Uint8Array): Iterable<Uint8Array> {
  try {
    for (const smaller of smallerTrees(decodeModel(bytes)))
      try {
        yield encodeModel(smaller)
      } catch {}
  } catch {}
}
