import { isPerExample, problem, shapeOf, type Type } from '../../../ir/index.ts'
import { onnxSchema } from '../../network/import/onnx/schema.ts'
import { fail } from './error.ts'
import type { Attribute, Initializer, WrittenNode } from './writer.ts'

/** How maps come in and go out: `[n, h, w, c]` or `[n, c, h, w]`. */
export const imageLayouts = ['nhwc', 'nchw'] as const
export type ImageLayout = (typeof imageLayouts)[number]

/** A value that goes in or comes out, by name. */
export interface Port {
  readonly name: string
  readonly type: Type
}

export interface WrittenGraph {
  readonly name: string
  readonly layout: ImageLayout
  readonly nodes: readonly WrittenNode[]
  readonly initializers: readonly Initializer[]
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
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
const int64 = 7

const attributeOf = ([name, value]: readonly [string, Attribute]): object => {
  if (typeof value === 'number') return { name, i: value, type: 2 }
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 }
  return 'float' in value ? { name, f: value.float, type: 1 } : { name, ints: value, type: 7 }
}

const tensorOf = ({ name, dims, data }: Initializer): object => ({
  name,
  dims,
  data_type: data instanceof Float32Array ? float32 : int64,
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

const dimsOf = (type: Type, layout: ImageLayout): readonly (number | string)[] => {
  if (!isPerExample(type)) return type.shape
  if (type.kind === 'Map' && layout === 'nchw') return ['n', type.c, type.h, type.w]
  return ['n', ...shapeOf(type)]
}

const valueInfo = ({ name, type }: Port, layout: ImageLayout): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: float32,
      shape: { dim: dimsOf(type, layout).map(d => (typeof d === 'number' ? { dim_value: d } : { dim_param: d })) },
    },
  },
})

/** The bytes of an ONNX file. @throws EspalierError where they are more than protobuf takes. */
export const encodeModel = ({ name, layout, nodes, initializers, inputs, outputs }: WrittenGraph): Uint8Array => {
  const weights = initializers.reduce((bytes, { data }) => bytes + data.byteLength, 0)
  if (weights + bytesAround * (nodes.length + initializers.length) > bytesAtMost)
    fail([problem('too-large', name, `${weights} bytes of weights`, `under ${bytesAtMost}, protobuf's own bound`)])
  const type = onnxSchema.lookupType('ModelProto')
  return type
    .encode({
      ir_version: irVersion,
      producer_name: 'espalier',
      opset_import: [{ domain: '', version: opset }],
      graph: {
        name,
        node: nodes.map(node => ({
          op_type: node.op,
          name: node.name,
          input: node.inputs,
          output: node.outputs,
          attribute: Object.entries(node.attributes).map(attributeOf),
        })),
        initializer: initializers.map(tensorOf),
        input: inputs.map(port => valueInfo(port, layout)),
        output: outputs.map(port => valueInfo(port, layout)),
      },
    })
    .finish()
}
