import { type AttrValue, dataTypes, type Format, type TensorProto, type TensorShapeProto } from './schema.ts'

const encoder = new TextEncoder()

export const text = (s: string): AttrValue => ({ s: encoder.encode(s) })
export const whole = (i: number): AttrValue => ({ i })
export const wholes = (i: readonly number[]): AttrValue => ({ list: { i } })
export const real = (f: number): AttrValue => ({ f })
export const flag = (b: boolean): AttrValue => ({ b })
export const format = (f: Format): AttrValue => ({ type: dataTypes[f] })
export const formats = (fs: readonly Format[]): AttrValue => ({ list: { type: fs.map(f => dataTypes[f]) } })

/** An extent of −1 is not known. */
export const shapeProto = (shape: readonly number[]): TensorShapeProto => ({ dim: shape.map(size => ({ size })) })

/** The upper halves of float32 numbers, rounded to nearest, ties to even. */
export const bfloat16 = (values: Float32Array): Uint16Array => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(values.length)
  for (let k = 0; k < halves.length; k++) {
    const whole = bits[k]
    // Rounding would carry a NaN's payload into infinity.
    halves[k] = Number.isNaN(values[k]) ? (whole >>> 16) | 0x40 : (whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16
  }
  return halves
}

const encodings: { readonly [F in Format]: (values: ArrayLike<number>) => ArrayBufferView } = {
  float32: values => (values instanceof Float32Array ? values : Float32Array.from(values)),
  bfloat16: values => bfloat16(values instanceof Float32Array ? values : Float32Array.from(values)),
  bool: values => Uint8Array.from(values),
  uint8: values => Uint8Array.from(values),
  int32: values => Int32Array.from(values),
  int64: values => BigInt64Array.from(Array.from(values), BigInt),
}

/** Numbers in row-major order under a shape. */
export const tensorProto = (shape: readonly number[], values: ArrayLike<number>, format: Format): TensorProto => {
  const { buffer, byteOffset, byteLength } = encodings[format](values)
  return {
    dtype: dataTypes[format],
    tensor_shape: shapeProto(shape),
    tensor_content: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  }
}
