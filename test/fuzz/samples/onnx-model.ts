import { sizeOf } from '../../../ir/index.ts'
import { random } from '../../../src/base/random.ts'
import { onnxSchema } from '../../../src/network/import/onnx/schema.ts'

type Value = number | string | readonly number[]

/** `out = Op(in, in) {attributes}`; a weight is made where its extents are given: `w:4x3x3x3`. */
export interface NodeLine {
  readonly op: string
  readonly in: string
  readonly out: string
  readonly with?: Readonly<Record<string, Value>>
}

export interface ModelLines {
  readonly opset?: number
  readonly image?: readonly number[]
  readonly nodes: readonly NodeLine[]
  /** Whole numbers, as shapes and axes are. */
  readonly ints?: Readonly<Record<string, readonly number[]>>
  readonly floats?: Readonly<Record<string, readonly number[]>>
  /** Where weights lie outside the file. */
  readonly external?: string
}

/** Weights about as large as trained ones; what a root or a quotient reads is positive. */
const weightOf = (name: string, dims: readonly number[]): Float32Array => {
  const draw = random(5, name)
  const fan = dims.length > 1 ? sizeOf(dims.slice(1)) : 1
  const positive = /var|scale/.test(name)
  return Float32Array.from({ length: sizeOf(dims) }, () =>
    positive ? draw.between(0.5, 2) : draw.normal() / Math.sqrt(fan),
  )
}

const attributeOf = ([name, value]: readonly [string, Value]): object => {
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 3 }
  if (typeof value !== 'number') return { name, ints: value, type: 7 }
  return Number.isInteger(value) ? { name, i: value, type: 2 } : { name, f: value, type: 1 }
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

/** The files of a small ONNX model from `x` to `y`. */
export const onnxFiles = (model: ModelLines): ReadonlyMap<string, Uint8Array> => {
  const weights = new Map<string, readonly number[]>()
  const named = (text: string): string => {
    const [name, dims] = text.split(':')
    if (dims !== undefined) weights.set(name, dims === '' ? [] : dims.split('x').map(Number))
    return name === '_' ? '' : name
  }
  const node = model.nodes.map(({ op, in: inputs, out, with: attributes = {} }, k) => ({
    op_type: op,
    name: `${op}${k}`,
    input: inputs === '' ? [] : inputs.split(' ').map(named),
    output: out.split(' '),
    attribute: Object.entries(attributes).map(attributeOf),
  }))
  let offset = 0
  const outside: Buffer[] = []
  const initializers = [...weights].map(([name, dims]) => {
    const raw = Buffer.from(weightOf(name, dims).buffer)
    if (model.external === undefined) return { name, dims, data_type: 1, raw_data: raw }
    outside.push(raw)
    const place = { location: model.external, offset: String(offset), length: String(raw.length) }
    offset += raw.length
    return {
      name,
      dims,
      data_type: 1,
      data_location: 1,
      external_data: Object.entries(place).map(([key, value]) => ({ key, value })),
    }
  })
  const whole = Object.entries(model.ints ?? {}).map(([name, values]) => ({
    name,
    dims: [values.length],
    data_type: 7,
    int64_data: values,
  }))
  const broken = Object.entries(model.floats ?? {}).map(([name, values]) => ({
    name,
    dims: [values.length],
    data_type: 1,
    float_data: values,
  }))
  const type = onnxSchema.lookupType('ModelProto')
  const proto = {
    ir_version: 8,
    opset_import: [{ domain: '', version: model.opset ?? 17 }],
    graph: {
      name: 'g',
      input: [valueInfo('x', ['n', ...(model.image ?? [3, 8, 8])])],
      output: [valueInfo('y', ['n', 'classes'])],
      node,
      initializer: [...initializers, ...whole, ...broken],
    },
  }
  const bytes = type.encode(type.fromObject(proto)).finish()
  return new Map([
    ['model.onnx', bytes],
    ...(model.external === undefined ? [] : [[model.external, Buffer.concat(outside)] as const]),
  ])
}
