import { sizeOf, stridesOf } from '../../../../../ir/tensor.ts'
import { axesAtMost, type Constant, constant, type ElementName, type Scalar, stored } from '../constant.ts'
import type { OnnxNode } from '../node.ts'
import { refuse } from '../refuse.ts'
import { printDims } from '../view.ts'
import { made, type Room } from './room.ts'

/** What constants are folded under: the standard's version, and the room that is left. */
export interface Folding {
  readonly opset: number
  readonly room: Room
}

/** The constants that a node gives when all its inputs are constants. */
export type Fold = (node: OnnxNode, folding: Folding) => readonly Constant[]

/** A constant of computed values: `valueAt` gives the one at a position in row-major order. */
export const computed = (
  name: string,
  dims: readonly number[],
  type: ElementName,
  room: Room,
  valueAt: (position: number) => Scalar,
): Constant => {
  const numbers = new Float64Array(sizeOf(made(room, dims)))
  for (let k = 0; k < numbers.length; k++) {
    const value = valueAt(k)
    if (value === 'n') return constant(name, dims, listed(numbers.length, valueAt), type)
    numbers[k] = value
  }
  return constant(name, dims, stored(type, numbers), type)
}

/** Values with the size of the batch among them: a shape, so they are few. */
const listed = (length: number, valueAt: (position: number) => Scalar): readonly Scalar[] =>
  Array.from({ length }, (_, k) => valueAt(k))

/** Positions that a walk over `dims` reads at these strides. */
export const positions = (
  room: Room,
  dims: readonly number[],
  strides: readonly number[],
  start: number,
): Int32Array => {
  const found = new Int32Array(sizeOf(made(room, dims)))
  const index = new Int32Array(dims.length)
  let at = start
  for (let k = 0; k < found.length; k++) {
    found[k] = at
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at += strides[axis]
      if (++index[axis] < dims[axis]) break
      at -= strides[axis] * dims[axis]
      index[axis] = 0
    }
  }
  return found
}

/** The values of a constant at these positions, in an array of its own kind. */
const picked = (values: ArrayLike<Scalar>, at: Int32Array): ArrayLike<Scalar> => {
  if (Array.isArray(values)) return Array.from(at, k => values[k])
  const like = values as Float64Array
  const out = new (like.constructor as Float64ArrayConstructor)(at.length)
  for (let k = 0; k < at.length; k++) out[k] = like[at[k]]
  return out
}

/** A constant's values at positions of it. */
export const taken = (name: string, x: Constant, dims: readonly number[], at: Int32Array): Constant =>
  constant(name, dims, picked(x.values, at), x.type)

/** A constant's values read through strides. */
export const strided = (
  name: string,
  x: Constant,
  room: Room,
  dims: readonly number[],
  strides: readonly number[],
  start = 0,
): Constant => taken(name, x, dims, positions(room, dims, strides, start))

/** The same values: they keep their name, so that two uses of them stay one parameter. */
export const reshaped = (x: Constant, dims: readonly number[]): Constant => {
  if (dims.length > axesAtMost)
    return refuse('unsupported-shape', `a constant of ${dims.length} axes`, `at most ${axesAtMost}`)
  const known = dims.reduce((n, d) => (d === -1 ? n : n * d), 1)
  const shape = dims.map(d => (d === -1 ? x.values.length / known : d))
  return sizeOf(shape) === x.values.length && shape.every(d => Number.isSafeInteger(d) && d >= 0)
    ? constant(x.name, shape, x.values, x.type)
    : refuse('malformed-file', `${x.values.length} values under shape ${printDims(dims)}`, 'a shape that they fill')
}

/** The shape that constants have beside each other. */
export const commonDims = (shapes: readonly (readonly number[])[]): readonly number[] => {
  const rank = shapes.reduce((most, dims) => Math.max(most, dims.length), 0)
  return Array.from({ length: rank }, (_, k) => {
    const extents = shapes.map(dims => dims[k - rank + dims.length] ?? 1)
    const wide = extents.find(d => d !== 1) ?? 1
    return extents.every(d => d === 1 || d === wide)
      ? wide
      : refuse('malformed-file', `constants of extents ${extents.join(' and ')}`, 'shapes that broadcast')
  })
}

/** Strides that read a constant as one of `dims`. */
const broadcastStrides = (own: readonly number[], dims: readonly number[]): readonly number[] => {
  const strides = stridesOf(own)
  const lead = dims.length - own.length
  return dims.map((_, k) => (k < lead || own[k - lead] === 1 ? 0 : strides[k - lead]))
}

/** A constant's value at each position of `dims`, which it broadcasts to. */
export const readerOf = (x: Constant, dims: readonly number[], room: Room): ((k: number) => Scalar) => {
  const { values } = x
  if (values.length === 1) return () => values[0]
  if (values.length === sizeOf(dims)) return k => values[k]
  const at = positions(room, dims, broadcastStrides(x.dims, dims), 0)
  return k => values[at[k]]
}

export const broadcastTo = (name: string, x: Constant, dims: readonly number[], room: Room): Constant =>
  x.values.length === 1
    ? computed(name, dims, x.type, room, () => x.values[0])
    : strided(name, x, room, dims, broadcastStrides(x.dims, dims))
