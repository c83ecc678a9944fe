import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { renderProblems } from '../../../../../ir/error.ts'
import { evaluate } from '../../../../../ir/evaluate.ts'
import { sizeOf, type Tensor } from '../../../../../ir/tensor.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { importOnnx, type OnnxOptions, readOnnx } from '../../../../../src/network/import/onnx/index.ts'
import { onnxSchema } from '../../../../../src/network/import/onnx/schema.ts'
import { imageType, type Network } from '../../../../../src/network/network.ts'
import { temporaryFolder } from '../../../../temporary-folder.ts'

export interface Array4 {
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

/** A graph inside a node, or the body of a function. */
export interface GraphSpec {
  readonly nodes: readonly NodeSpec[]
  readonly outputs: readonly string[]
  readonly ints?: Readonly<Record<string, Array4>>
}

export interface FunctionSpec extends GraphSpec {
  readonly name: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly attributes?: readonly string[]
  readonly opset?: number
}

type Attribute =
  | number
  | string
  | readonly number[]
  | Array4
  | { readonly float: number }
  | { readonly graph: GraphSpec }
  | { readonly reference: string; readonly type: number }

export interface NodeSpec {
  readonly op: string
  readonly in: readonly string[]
  readonly out: readonly string[]
  readonly with?: Readonly<Record<string, Attribute>>
  readonly domain?: string
  readonly name?: string
}

export interface ModelSpec {
  readonly opset?: number
  /** The image's extents in the file's order; text for an open one. */
  readonly input?: readonly (number | string)[]
  readonly nodes: readonly NodeSpec[]
  readonly floats?: Readonly<Record<string, Array4>>
  readonly ints?: Readonly<Record<string, Array4>>
  /** Initializers given field by field. */
  readonly raw?: readonly object[]
  readonly outputs?: readonly string[]
  readonly functions?: readonly FunctionSpec[]
  /** Other domains than the standard's that the file says it uses. */
  readonly domains?: readonly string[]
}

export const node = (
  op: string,
  inputs: string,
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): NodeSpec => ({
  op,
  in: inputs === '' ? [] : inputs.split(' ').map(n => (n === '_' ? '' : n)),
  out: output.split(' '),
  with: attributes,
})

/** Whole numbers that are no pattern of the extents. */
export const numbers = (dims: readonly number[], seed = 1): Array4 => ({
  dims,
  values: Array.from({ length: sizeOf(dims) }, (_, k) => (((k + seed) * 7919) % 13) - 6),
})

export const list = (...values: readonly number[]): Array4 => ({ dims: [values.length], values })
export const scalar = (value: number): Array4 => ({ dims: [], values: [value] })

const isArray4 = (value: Attribute): value is Array4 => typeof value === 'object' && 'dims' in value

const attributeOf = (name: string, value: Attribute): object => {
  if (typeof value === 'number') return { name, i: value, type: 2 }
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 }
  if (isArray4(value)) return { name, t: { dims: value.dims, data_type: 7, int64_data: value.values }, type: 4 }
  if ('graph' in value) return { name, g: graphOf(value.graph), type: 5 }
  if ('reference' in value) return { name, ref_attr_name: value.reference, type: value.type }
  if ('float' in value) return { name, f: value.float, type: 1 }
  return { name, ints: value, type: 7 }
}

const valueInfo = (name: string, dims: readonly (number | string)[]): object => ({
  name,
  type: {
    tensor_type: {
      elem_type: 1,
      shape: { dim: dims.map(d => (typeof d === 'number' ? { dim_value: d } : { dim_param: d })) },
    },
  },
})

const nodesOf = (nodes: readonly NodeSpec[]): readonly object[] =>
  nodes.map(n => ({
    op_type: n.op,
    domain: n.domain ?? '',
    name: n.name ?? `${n.op} of ${n.out[0]}`,
    input: n.in,
    output: n.out,
    attribute: Object.entries(n.with ?? {}).map(([name, value]) => attributeOf(name, value)),
  }))

const tensorsOf = (data: Readonly<Record<string, Array4>>, more: (value: Array4) => object): readonly object[] =>
  Object.entries(data).map(([name, value]) => ({ name, dims: value.dims, ...more(value) }))

const intsOf = (ints: Readonly<Record<string, Array4>>): readonly object[] =>
  tensorsOf(ints, value => ({ data_type: 7, int64_data: value.values }))

const graphOf = ({ nodes, outputs, ints = {} }: GraphSpec): object => ({
  name: 'inside',
  node: nodesOf(nodes),
  output: outputs.map(name => ({ name })),
  initializer: intsOf(ints),
})

/** The bytes of an ONNX file. */
export const encode = (spec: ModelSpec): Uint8Array => {
  const type = onnxSchema.lookupType('ModelProto')
  const opset = spec.opset ?? 17
  const functions = spec.functions ?? []
  return type
    .encode(
      type.fromObject({
        ir_version: 8,
        opset_import: [
          { domain: '', version: opset },
          ...[...new Set(functions.map(f => f.domain))].map(domain => ({ domain, version: 1 })),
          ...(spec.domains ?? []).map(domain => ({ domain, version: 1 })),
        ],
        graph: {
          name: 'test',
          input: spec.input === undefined ? [] : [valueInfo('x', spec.input)],
          output: (spec.outputs ?? ['y']).map(name => valueInfo(name, ['n', 'classes'])),
          node: nodesOf(spec.nodes),
          initializer: [
            ...tensorsOf(spec.floats ?? {}, value => ({ data_type: 1, float_data: value.values })),
            ...intsOf(spec.ints ?? {}),
            ...(spec.raw ?? []),
          ],
        },
        functions: functions.map(f => ({
          name: f.name,
          domain: f.domain,
          input: f.inputs,
          output: f.outputs,
          attribute: f.attributes ?? [],
          node: nodesOf(f.nodes),
          opset_import: [
            { domain: '', version: f.opset ?? opset },
            { domain: f.domain, version: 1 },
          ],
        })),
      }),
    )
    .finish()
}

export const importBytes = async (
  bytes: Uint8Array,
  options: OnnxOptions = {},
  folder: string | Promise<string> = temporaryFolder('onnx'),
): Promise<E.Either<string, Network>> => {
  const path = join(await folder, 'model.onnx')
  writeFileSync(path, bytes)
  const result = await importOnnx(path, options)()
  return E.isLeft(result) ? E.left(renderProblems(result.left).replaceAll(path, 'model.onnx')) : result
}

/** The network of a file that is one. */
export const networkIn = async (...file: Parameters<typeof importBytes>): Promise<Network> => {
  const network = await importBytes(...file)
  if (E.isLeft(network)) throw new Error(network.left)
  return network.right
}

export const networkOf = (spec: ModelSpec): Promise<Network> => networkIn(encode(spec))

/** What is wrong with a model, as text. */
export const problemsOf = async (spec: ModelSpec, options: OnnxOptions = {}): Promise<string> => {
  const network = await importBytes(encode(spec), options)
  return E.isLeft(network) ? network.left : 'nothing'
}

/** `[n, c, h, w]` as the network takes it. */
export const channelsLast = ({ dims: [n, c, h, w], values }: Array4): Tensor => {
  const data = new Float64Array(values.length)
  for (let b = 0; b < n; b++)
    for (let i = 0; i < c; i++)
      for (let p = 0; p < h * w; p++) data[(b * h * w + p) * c + i] = values[(b * c + i) * h * w + p]
  return { shape: [n, h, w, c], data }
}

/** The scores that a network gives to images `[n, h, w, c]`. */
export const logitsOf = (network: Network, images: Tensor): readonly number[] => {
  const values = orThrow(
    evaluate(network.graph, {
      inputs: new Map([[imageType(network).name, images]]),
      parameters: network.parameters,
    }),
  )
  return [...(values.get('logits') as Tensor).data]
}

/** What one output of a model's bytes is for an image `x`. */
export const outputOf = async (bytes: Uint8Array, output: string, image: Array4): Promise<readonly number[]> => {
  const path = join(await temporaryFolder('onnx'), 'model.onnx')
  writeFileSync(path, bytes)
  const { graph, parameters } = orThrow(await readOnnx(path)())
  const values = orThrow(evaluate(graph, { inputs: new Map([['x', channelsLast(image)]]), parameters }))
  return [...(values.get(output) as Tensor).data]
}

/** What a model of an image `x` gives for one, its output `y` flattened as ONNX flattens. */
export const run = (spec: ModelSpec, image: Array4): Promise<readonly number[]> => {
  const nodes = [...spec.nodes, node('Flatten', 'y', 'flattened')]
  const input = ['n', ...image.dims.slice(1)]
  return outputOf(encode({ input, ...spec, nodes, outputs: ['flattened'] }), 'flattened', image)
}
