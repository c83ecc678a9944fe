import { either as E } from 'fp-ts'
import { problem } from '../../../../ir/error.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from '../../weights/float16.ts'
import type { ImportProblem } from '../error.ts'
import type { TensorProto } from './schema.ts'

/** A number known at import, or the size of the batch, which is not. */
export type Scalar = number | 'n'

/** Axes that a value of a file may have: no network has ten, and some steps take time by their square. */
export const axesAtMost = 64

/** A tensor known at import, in ONNX's layout: an initializer, or what was computed from some (shapes among them). */
export interface Constant {
  readonly kind: 'constant'
  /** The initializer's name, or that of the value it was folded from. */
  readonly name: string
  readonly dims: readonly number[]
  readonly values: ArrayLike<Scalar>
  readonly type: ElementName
  /** The number that all values are, where they are made from it. */
  readonly fill?: number
}

export const constant = (
  name: string,
  dims: readonly number[],
  values: ArrayLike<Scalar>,
  type: ElementName,
): Constant => ({ kind: 'constant', name, dims, values, type })

interface ElementType {
  readonly bytes: number
  readonly whole: boolean
  readonly read: (bytes: Uint8Array) => ArrayLike<number>
}

type Numbers<A> = new (buffer: ArrayBufferLike, offset: number, length: number) => A

/** Bytes as numbers of some width: as they stand, or a copy where they begin at no multiple of it. */
const numbersAt = <A>(kind: Numbers<A> & { readonly BYTES_PER_ELEMENT: number }, bytes: Uint8Array): A => {
  const width = kind.BYTES_PER_ELEMENT
  const { buffer, byteOffset, length } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes)
  return new kind(buffer, byteOffset, length / width)
}

// Every platform that Node runs on stores numbers as the format does, lowest byte first.
const elementTypes = {
  float: { bytes: 4, whole: false, read: b => numbersAt(Float32Array, b) },
  uint8: { bytes: 1, whole: true, read: b => numbersAt(Uint8Array, b) },
  int8: { bytes: 1, whole: true, read: b => numbersAt(Int8Array, b) },
  uint16: { bytes: 2, whole: true, read: b => numbersAt(Uint16Array, b) },
  int16: { bytes: 2, whole: true, read: b => numbersAt(Int16Array, b) },
  int32: { bytes: 4, whole: true, read: b => numbersAt(Int32Array, b) },
  int64: { bytes: 8, whole: true, read: b => Float64Array.from(numbersAt(BigInt64Array, b), Number) },
  bool: { bytes: 1, whole: true, read: b => numbersAt(Uint8Array, b) },
  float16: { bytes: 2, whole: false, read: b => widenFloat16(numbersAt(Uint16Array, b)) },
  double: { bytes: 8, whole: false, read: b => numbersAt(Float64Array, b) },
  uint32: { bytes: 4, whole: true, read: b => numbersAt(Uint32Array, b) },
  uint64: { bytes: 8, whole: true, read: b => Float64Array.from(numbersAt(BigUint64Array, b), Number) },
  bfloat16: { bytes: 2, whole: false, read: b => widenBfloat16(numbersAt(Uint16Array, b)) },
} as const satisfies { readonly [name: string]: ElementType }

export type ElementName = keyof typeof elementTypes

/** ONNX's `TensorProto.DataType`. */
const codes: { readonly [code: number]: ElementName } = {
  1: 'float',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'double',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
}

export const elementOf = (code: number): ElementName | undefined => codes[code]
export const elementName = (code: number): string => codes[code] ?? `element type ${code}`
export const isWhole = (type: ElementName): boolean => elementTypes[type].whole
/** Floating-point element types: what a cast may go to and an image may come as. */
export const isFloating = (code: number): boolean => codes[code] !== undefined && !isWhole(codes[code])

/** Numbers as an element type holds them, rounded or wrapped to it; lists where the size of the batch is among them. */
export const stored = (type: ElementName, values: ArrayLike<Scalar>): ArrayLike<Scalar> => {
  if (Array.isArray(values) && values.includes('n')) return values
  const numbers = values as ArrayLike<number>
  switch (type) {
    case 'float':
      return new Float32Array(numbers)
    case 'float16':
      return widenFloat16(narrowFloat16(new Float32Array(numbers)))
    case 'bfloat16':
      return widenBfloat16(narrowBfloat16(new Float32Array(numbers)))
    case 'int8':
      return new Int8Array(numbers)
    case 'uint8':
    case 'bool':
      return new Uint8Array(numbers)
    case 'int16':
      return new Int16Array(numbers)
    case 'uint16':
      return new Uint16Array(numbers)
    case 'int32':
      return new Int32Array(numbers)
    case 'uint32':
      return new Uint32Array(numbers)
    default:
      return new Float64Array(numbers)
  }
}

/** One number all over, its values made when they are first read. */
export const uniform = (name: string, dims: readonly number[], number: number, type: ElementName): Constant => {
  const one = stored(type, [number]) as Float32Array
  const make = (): Float32Array => new (one.constructor as Float32ArrayConstructor)(sizeOf(dims)).fill(one[0])
  let values: Float32Array | undefined
  return {
    ...{ kind: 'constant', name, dims, type, fill: one[0] },
    get values() {
      values ??= make()
      return values
    },
  }
}

const typedData = (proto: TensorProto, type: ElementName): ArrayLike<number> => {
  switch (type) {
    case 'float':
      return Float32Array.from(proto.float_data)
    case 'int64':
      return proto.int64_data
    case 'float16':
      return widenFloat16(Uint16Array.from(proto.int32_data))
    case 'double':
      return proto.double_data
    case 'uint32':
    case 'uint64':
      return proto.uint64_data
    case 'bfloat16':
      return widenBfloat16(Uint16Array.from(proto.int32_data))
    default:
      return proto.int32_data
  }
}

/**
 * The values of a tensor in the file, their number checked against its dims before anything is allocated; `bytes` are
 * the external data where the tensor keeps its values outside.
 */
export const readTensor = (
  proto: TensorProto,
  name: string,
  where: string,
  bytes: Uint8Array | undefined = proto.raw_data,
): E.Either<ImportProblem, Constant> => {
  const code = proto.data_type ?? 0
  const type = elementOf(code)
  if (type === undefined)
    return E.left(
      problem('unsupported-type', where, elementName(code), `one of ${Object.keys(elementTypes).join(', ')}`),
    )
  const { dims } = proto
  const size = sizeOf(dims)
  if (dims.length > axesAtMost)
    return E.left(problem('unsupported-shape', where, `${dims.length} axes`, `at most ${axesAtMost}`))
  if (dims.some(d => !Number.isSafeInteger(d) || d < 0) || !Number.isSafeInteger(size))
    return E.left(problem('malformed-file', where, `extents [${dims}]`, 'whole numbers'))
  if (bytes !== undefined && bytes.length > 0) {
    const wanted = size * elementTypes[type].bytes
    if (bytes.length !== wanted)
      return E.left(problem('wrong-weights', where, `${bytes.length} bytes`, `${wanted} for ${type} [${dims}]`))
    return E.right(constant(name, dims, elementTypes[type].read(bytes), type))
  }
  const values = typedData(proto, type)
  return values.length === size
    ? E.right(constant(name, dims, values, type))
    : E.left(problem('wrong-weights', where, `${values.length} values`, `${size} for ${type} [${dims}]`))
}
