import { isPerExample, problem, shapeOf, type Type } from '../../../ir/index.ts'
import { onnxSchema } from '../../network/import/onnx/schema.ts'
import { fail } from './error.ts'
import type { Attribute, Initializer, InnerGraph, WrittenNode } from './writer.ts'

/** How maps come in and go out: `[n, h, w, c]` or `[n, c, h, w]`. */
export const imageLayouts = ['nhwc', 'nchw'] as const
export type ImageLayout = (typeof imageLayouts)[number]

/** A value that goes in. Pixels are bytes of red, green and blue, of any height and width. */
export interface InputPort {
  readonly name: string
  readonly type: Type | 'pixels'
}

export interface WrittenGraph extends InnerGraph {
  readonly name: string
  readonly layout: ImageLayout
  readonly inputs: readonly InputPort[]
}

/** A file: a graph, and what it says of itself beside it. */
export interface WrittenModel extends WrittenGraph {
  readonly metadata?: ReadonlyMap<string, string>
}

/**
 * The first opset whose reductions all take their axes as an input (OpenVINO 2026.4 does not see the attribute that
 * `ReduceLogSumExp` has before) at the IR version that goes with it: what onnxruntime 1.14 already reads.
 */
const opset = 18
const irVersion = 8

/** Protobuf's own bound on a message. */
const bytesAtMost = 2 ** 31 - 1
/** More than names, attributes and lengths of a node or an initializer take. */
const bytesAround = 1024

const float32 = 1
const uint8 = 2
const int64 = 7

const attributeOf = ([name, value]: readonly [string, Attribute]): object => {
  if (typeof value === 'number') return { name, i: value, type: 2 }
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 }
  if ('float' in value) return { name, f: value.float, type: 1 }
  if (!('nodes' in value)) return { name, ints: value, type: 7 }
  return { name, g: graphOf({ ...value, name, layout: 'nchw', inputs: [] }), type: 5 }
}

const nodeOf = (node: WrittenNode): object => ({
  op_type: node.op,
  name: node.name,
  input: node.inputs,
  output: node.outputs,
  attribute: Object.entries(node.attributes).map(attributeOf),
})

const tensorOf = ({ name, dims, data }: Initializer): object => ({
  name,
  dims,
  data_type: data instanceof Float32Array ? float32 : int64,
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

const dimsOf = (type: InputPort['type'], layout: ImageLayout): readonly (number | string)[] => {
  if (type === 'pixels') return layout === 'nchw' ? ['n', 3, 'height', 'width'] : ['n', 'height', 'width', 3]
  if (!isPerExample(type)) return type.shape
  if (type.kind === 'Map' && layout === 'nchw') return ['n', type.c, type.h, type.w]
  return ['n', ...shapeOf(type)]
}

const valueInfo = ({ name, type }: InputPort, layout: ImageLayout): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: type === 'pixels' ? uint8 : float32,
      shape: { dim: dimsOf(type, layout).map(d => (typeof d === 'number' ? { dim_value: d } : { dim_param: d })) },
    },
  },
})

const graphOf = ({ name, layout, nodes, initializers, inputs, outputs }: WrittenGraph): object => ({
  name,
  node: nodes.map(nodeOf),
  initializer: initializers.map(tensorOf),
  input: inputs.map(port => valueInfo(port, layout)),
  output: outputs.map(port => valueInfo(port, layout)),
})

/** A graph and those inside its nodes. */
const withInner = (graph: InnerGraph): readonly InnerGraph[] => [
  graph,
  ...graph.nodes.flatMap(({ attributes }) =>
    Object.values(attributes).flatMap(value => (typeof value === 'object' && 'nodes' in value ? withInner(value) : [])),
  ),
]

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** The bytes of an ONNX file. @throws EspalierError where they are more than protobuf takes. */
export const encodeModel = ({ metadata = new Map(), ...graph }: WrittenModel): Uint8Array => {
  const graphs = withInner(graph)
  const weights = sum(graphs.flatMap(({ initializers }) => initializers.map(({ data }) => data.byteLength)))
  const parts = sum(graphs.map(({ nodes, initializers }) => nodes.length + initializers.length))
  if (weights + bytesAround * parts > bytesAtMost)
    fail([
      problem('too-large', graph.name, `${weights} bytes of weights`, `under ${bytesAtMost}, protobuf's own bound`),
    ])
  return onnxSchema
    .lookupType('ModelProto')
    .encode({
      ir_version: irVersion,
      producer_name: 'espalier',
      opset_import: [{ domain: '', version: opset }],
      metadata_props: [...metadata].map(([key, value]) => ({ key, value })),
      graph: graphOf(graph),
    })
    .finish()
}
