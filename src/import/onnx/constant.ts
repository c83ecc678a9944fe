import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { sizeOf } from '../../../ir/tensor.ts'
import { widenBfloat16, widenFloat16 } from '../../weights/float16.ts'
import type { ImportProblem } from '../error.ts'
import type { TensorProto } from './schema.ts'

/** A number known at import, or the size of the batch, which is not. */
export type Scalar = number | 'n'

/** A tensor known at import, in ONNX's layout: an initializer, or what was computed from some (shapes among them). */
export interface Constant {
  readonly kind: 'constant'
  /** The initializer's name, or that of the value it was folded from. */
  readonly name: string
  readonly dims: readonly number[]
  readonly values: ArrayLike<Scalar>
  readonly whole: boolean
}

export const constant = (
  name: string,
  dims: readonly number[],
  values: ArrayLike<Scalar>,
  whole: boolean,
): Constant => ({ kind: 'constant', name, dims, values, whole })

interface ElementType {
  readonly name: string
  readonly bytes: number
  readonly whole: boolean
  readonly read: (bytes: ArrayBuffer) => ArrayLike<number>
}

// Every platform that Node runs on stores numbers as the format does, lowest byte first.
const elementTypes: { readonly [code: number]: ElementType } = {
  1: { name: 'float', bytes: 4, whole: false, read: b => new Float32Array(b) },
  2: { name: 'uint8', bytes: 1, whole: true, read: b => new Uint8Array(b) },
  3: { name: 'int8', bytes: 1, whole: true, read: b => new Int8Array(b) },
  4: { name: 'uint16', bytes: 2, whole: true, read: b => new Uint16Array(b) },
  5: { name: 'int16', bytes: 2, whole: true, read: b => new Int16Array(b) },
  6: { name: 'int32', bytes: 4, whole: true, read: b => new Int32Array(b) },
  7: { name: 'int64', bytes: 8, whole: true, read: b => Float64Array.from(new BigInt64Array(b), Number) },
  9: { name: 'bool', bytes: 1, whole: true, read: b => new Uint8Array(b) },
  10: { name: 'float16', bytes: 2, whole: false, read: b => widenFloat16(new Uint16Array(b)) },
  11: { name: 'double', bytes: 8, whole: false, read: b => new Float64Array(b) },
  16: { name: 'bfloat16', bytes: 2, whole: false, read: b => widenBfloat16(new Uint16Array(b)) },
}

/** Floating-point element types: what a cast may go to and an image may come as. */
export const isFloating = (code: number): boolean => elementTypes[code]?.whole === false
export const elementName = (code: number): string => elementTypes[code]?.name ?? `element type ${code}`

const typedData = (proto: TensorProto, code: number): ArrayLike<number> => {
  switch (code) {
    case 1:
      return Float32Array.from(proto.float_data)
    case 7:
      return proto.int64_data
    case 10:
      return widenFloat16(Uint16Array.from(proto.int32_data))
    case 11:
      return proto.double_data
    case 16:
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
  const type = elementTypes[code]
  if (type === undefined)
    return E.left(
      problem(
        'unsupported-type',
        where,
        elementName(code),
        `one of ${Object.values(elementTypes)
          .map(known => known.name)
          .join(', ')}`,
      ),
    )
  const { dims } = proto
  const size = sizeOf(dims)
  if (dims.some(d => !Number.isSafeInteger(d) || d < 0) || !Number.isSafeInteger(size))
    return E.left(problem('malformed-file', where, `extents [${dims}]`, 'whole numbers'))
  if (bytes !== undefined && bytes.length > 0) {
    if (bytes.length !== size * type.bytes)
      return E.left(
        problem('wrong-weights', where, `${bytes.length} bytes`, `${size * type.bytes} for ${type.name} [${dims}]`),
      )
    // A typed array must start at a multiple of its width, which no file promises: hence the copy.
    return E.right(constant(name, dims, type.read(new Uint8Array(bytes).buffer), type.whole))
  }
  const values = typedData(proto, code)
  return values.length === size
    ? E.right(constant(name, dims, values, type.whole))
    : E.left(problem('wrong-weights', where, `${values.length} values`, `${size} for ${type.name} [${dims}]`))
}
