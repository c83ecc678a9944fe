import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch, Real } from '../op.ts'
import { sizeOf } from '../tensor.ts'
import { Extent, sharedType, Type } from '../type.ts'

/** A value given at each call, by name. */
export const input = defineOp({
  tag: 'Input',
  operands: [],
  attributes: { name: t.string, type: Type },
  infer: (_, a) => E.right(a.type),
  evaluate: null,
})

/** A trained tensor, by name: the same for every example of every batch. */
export const parameter = defineOp({
  tag: 'Parameter',
  operands: [],
  attributes: { name: t.string, shape: t.readonlyArray(Extent) },
  infer: (_, a) => (a.name === '' ? mismatch('an empty name', 'a parameter name') : E.right(sharedType(a.shape))),
  evaluate: null,
})

/** Numbers that are the same whatever the network was trained to, row-major: few, for they stand in the graph itself. */
export const constant = defineOp({
  tag: 'Constant',
  operands: [],
  attributes: { shape: t.readonlyArray(Extent), values: t.readonlyArray(Real) },
  infer: (_, { shape, values }) =>
    values.length === sizeOf(shape)
      ? E.right(sharedType(shape))
      : mismatch(`${values.length} numbers`, `${sizeOf(shape)} for a shape [${shape}]`),
  evaluate: (_, { shape, values }) => ({ shape, data: Float64Array.from(values) }),
})
