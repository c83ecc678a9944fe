import { either as E } from 'fp-ts'
import { Count, defineOp, mismatch } from '../op.ts'
import { Extent, isPerExample, printType, sameType } from '../type.ts'

/** The one variant axis of stacked graphs. */
export const stackAxis = 'stack'

/** Values side by side along the batch, in order: what follows treats them all in one go. Stacked values are stacked further. */
export const stack = defineOp({
  tag: 'Stack',
  dialect: 'stacked',
  operands: ['values', '…'],
  attributes: {},
  infer: ([first, ...others]) => {
    if (!isPerExample(first)) return mismatch(printType(first), 'Maps or Vectors')
    const other = others.find(type => !sameType(type, first))
    return other === undefined ? E.right(first) : mismatch(`${printType(first)} and ${printType(other)}`, 'one type')
  },
  evaluate: null,
})

/** One value of a stack of `count`. */
export const unstack = defineOp({
  tag: 'Unstack',
  dialect: 'stacked',
  operands: ['stack'],
  attributes: { index: Count, count: Extent },
  infer: ([input], { index, count }) =>
    index >= 0 && index < count
      ? E.right(input)
      : mismatch(`value ${index} of a stack of ${count}`, `0 to ${count - 1}`),
  evaluate: null,
})
