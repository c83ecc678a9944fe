import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch } from '../op.ts'
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
