import { gather, sameShape, shapeOf, stridesOf, type Tensor, type Type } from '../../../ir/index.ts'
import type { Writer } from './writer.ts'

/** An operand of a node that is being lowered. */
export interface Operand {
  readonly type: Type
  /** The value's name: a map is `[n, c, h, w]`, a vector `[n, c]`, a shared tensor its own shape. */
  readonly value: () => string
  /** A shared tensor under another shape of as many numbers, its axes then put in the order of `permutation`. */
  readonly arranged: (shape: readonly number[], permutation: readonly number[]) => string
}

const isOrdered = (permutation: readonly number[]): boolean => permutation.every((axis, k) => axis === k)
const inOrder = (shape: readonly number[]): readonly number[] => shape.map((_, axis) => axis)

/** A tensor known now: an initializer for each arrangement that is read. */
export const constantOperand = (w: Writer, key: string, type: Type, name: string, { data }: Tensor): Operand => {
  const arranged: Operand['arranged'] = (shape, permutation) =>
    w.once(`${key} [${shape}] ${permutation}`, () => {
      const dims = permutation.map(axis => shape[axis])
      if (isOrdered(permutation)) return w.floats(dims, data, name)
      const strides = stridesOf(shape)
      const moved = gather(
        { shape, data },
        dims,
        permutation.map(axis => strides[axis]),
        0,
      )
      return w.floats(dims, moved.data, name)
    })
  const shape = shapeOf(type)
  return { type, arranged, value: () => arranged(shape, inOrder(shape)) }
}

/** A value computed at each call. */
export const computedOperand = (w: Writer, type: Type, value: string): Operand => {
  const own = shapeOf(type)
  return {
    type,
    value: () => value,
    arranged: (shape, permutation) =>
      w.once(`value ${value} [${shape}] ${permutation}`, () => {
        const shaped = sameShape(shape, own) ? value : w.add('Reshape', [value, w.ints(shape)])
        return isOrdered(permutation) ? shaped : w.add('Transpose', [shaped], { perm: permutation })
      }),
  }
}
