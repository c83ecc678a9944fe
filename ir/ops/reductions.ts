import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { defineOp, mismatch } from '../op.ts'
import { sizeOf, stridesOf, type Tensor, zeros } from '../tensor.ts'
import { isPerExample, printType, shapeOf, sharedType, Type } from '../type.ts'

/** Whether a value of type `small` stretches to `large`: axes aligned at the last ones, of extent 1 or the same; shared ones stretch over the batch too. */
export const stretchesTo = (small: Type, large: Type): boolean => {
  if (small.kind !== large.kind && small.kind !== 'Shared') return false
  const [own, wanted] = [shapeOf(small), shapeOf(large)]
  return (
    own.length <= wanted.length && own.every((n, axis) => n === 1 || n === wanted[axis + wanted.length - own.length])
  )
}

/** For each number of a value of type `large`, the index of the number of type `small` that stretches to it. */
const placesIn = (small: Type, large: Type): Int32Array => {
  const [own, shape] = [shapeOf(small), shapeOf(large)]
  const [ownStrides, strides] = [stridesOf(own), stridesOf(shape)]
  const before = shape.length - own.length
  return Int32Array.from({ length: sizeOf(shape) }, (_, i) =>
    own.reduce((at, n, axis) => at + ownStrides[axis] * (Math.floor(i / strides[axis + before]) % n), 0),
  )
}

/** The batch of a value, or 1 for a shared one. */
const batchOf = (value: Tensor, type: Type): number => (isPerExample(type) ? value.shape[0] : 1)

const reductionNames = { sum: null, mean: null, variance: null } as const
export type BatchReduction = keyof typeof reductionNames

/**
 * Reduces a value to the type `to`, which stretches to it: each number of the result is the sum, the mean or the variance (the mean squared distance
 * from the mean) of all numbers that it stretches to. A reduction to a shared type runs over the batch and all variants too.
 */
export const reduceTo = defineOp({
  tag: 'ReduceTo',
  stage: 'training',
  operands: ['input'],
  attributes: { to: Type, reduction: t.keyof(reductionNames) },
  infer: ([input], { to }) =>
    stretchesTo(to, input)
      ? E.right(to)
      : mismatch(`${printType(input)} to ${printType(to)}`, 'a type that stretches to it'),
  evaluate: ([input], { to, reduction }, { operands: [type] }) => {
    const places = placesIn(to, type)
    const n = batchOf(input, type)
    const size = sizeOf(shapeOf(to))
    const perExample = isPerExample(to)
    const count = input.data.length / size / (perExample ? n : 1)
    const total = (of: (value: number, at: number) => number) => {
      const out = zeros(perExample ? [n, ...shapeOf(to)] : shapeOf(to))
      for (let b = 0; b < n; b++)
        for (let i = 0; i < places.length; i++) {
          const at = (perExample ? b * size : 0) + places[i]
          out.data[at] += of(input.data[b * places.length + i], at)
        }
      return out
    }
    const mean = (sums: ReturnType<typeof total>) => ({ shape: sums.shape, data: sums.data.map(sum => sum / count) })
    const sums = total(value => value)
    if (reduction === 'sum') return sums
    const means = mean(sums)
    return reduction === 'mean' ? means : mean(total((value, at) => (value - means.data[at]) ** 2))
  },
})

/** One over the count of input numbers that a number of type `to` stretches to: the weight of each in a mean. */
export const inverseCount = defineOp({
  tag: 'InverseCount',
  stage: 'training',
  operands: ['input'],
  attributes: { to: Type },
  infer: ([input], { to }) =>
    to.kind === 'Shared' && stretchesTo(to, input)
      ? E.right(sharedType([]))
      : mismatch(`${printType(input)} to ${printType(to)}`, 'a shared type that stretches to it'),
  evaluate: ([input], { to }) => ({ shape: [], data: Float64Array.of(sizeOf(shapeOf(to)) / input.data.length) }),
})

/** A value broadcast to the type, the batch and the variants of another, whose numbers do not matter. */
export const stretch = defineOp({
  tag: 'Stretch',
  stage: 'training',
  operands: ['input', 'like'],
  attributes: {},
  infer: ([input, like]) =>
    stretchesTo(input, like)
      ? E.right(like)
      : mismatch(`${printType(input)} to ${printType(like)}`, 'a type that stretches to it'),
  evaluate: ([input, like], _, { operands: [type, result] }) => {
    const places = placesIn(type, result)
    const out = zeros(like.shape)
    const own = isPerExample(type) ? sizeOf(shapeOf(type)) : 0
    for (let b = 0; b < batchOf(like, result); b++)
      for (let i = 0; i < places.length; i++) out.data[b * places.length + i] = input.data[b * own + places[i]]
    return out
  },
})
