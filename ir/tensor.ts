import { checkArgument } from './argument.ts'

/** A dense array in row-major order. Per-example values carry the batch as their first axis: `[n, h, w, c]`, `[n, c]`. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array
}

/** How many values a shape has. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** @throws RangeError where the data does not fill the shape: a bug in the caller, not bad input. */
export const tensor = (shape: readonly number[], data: Float32Array | Float64Array): Tensor => {
  checkArgument('tensor, shape', shape, Array.isArray(shape), 'an array of extents')
  checkArgument(
    'tensor, data',
    data,
    data instanceof Float32Array || data instanceof Float64Array,
    'a Float32Array or Float64Array',
    'Float32Array.from(values)',
  )
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`a tensor [${shape}] needs ${sizeOf(shape)} values, got ${data.length}`)
  return { shape, data }
}

/** A tensor of zeros, to be filled. */
export const zeros = (shape: readonly number[]): { shape: readonly number[]; data: Float64Array } => ({
  shape,
  data: new Float64Array(sizeOf(shape)),
})

/** Distances in elements between neighbours along each axis of a row-major array. */
export const stridesOf = (shape: readonly number[]): readonly number[] => {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}
