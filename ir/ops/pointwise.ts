import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { gather } from '../dihedral.ts'
import { defineOp, type Mismatch, mismatch, Real } from '../op.ts'
import { sizeOf, stridesOf, type Tensor, zeros } from '../tensor.ts'
import { isPerExample, mapType, printType, sameShape, shapeOf, sharedType, type Type, vectorType } from '../type.ts'
import { type BinaryFunction, binaryFunctions } from './binary-functions.ts'
import { applied, type UnaryFunction, unaryFunctions } from './unary-functions.ts'

export type { BinaryFunction, UnaryFunction }

/** A function of each number on its own, of NaN always NaN; constants that the function does not take are 0. */
export const unary = defineOp({
  tag: 'Unary',
  operands: ['input'],
  attributes: { fn: t.keyof(unaryFunctions), alpha: Real, beta: Real },
  infer: ([input]) => E.right(input),
  evaluate: ([{ shape, data }], { fn, alpha, beta }) => ({ shape, data: applied(fn, alpha, beta, data) }),
  equivariance: { law: 'sink-through-unary', precision: 'exact', symbol: 'f', result: 'moves' },
})

/** Shapes aligned at their last axes; an axis of extent 1 stretches to the other's. */
const broadcast = (a: readonly number[], b: readonly number[]): readonly number[] | null => {
  const rank = Math.max(a.length, b.length)
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const m = a[axis - rank + a.length] ?? 1
    const n = b[axis - rank + b.length] ?? 1
    if (m !== n && m !== 1 && n !== 1) return null
    shape.push(Math.max(m, n))
  }
  return shape
}

const inferBinary = (a: Type, b: Type): E.Either<Mismatch, Type> => {
  const shape = broadcast(shapeOf(a), shapeOf(b))
  const example = isPerExample(a) ? a : isPerExample(b) ? b : null
  const expected =
    'shapes that agree, axes of extent 1 aside; a map with a map, a vector with a vector, or either with a shared tensor of no more axes'
  const seen = `${printType(a)} and ${printType(b)}`
  if (shape === null) return mismatch(seen, expected)
  if (example === null) return E.right(sharedType(shape))
  if (shape.length !== shapeOf(example).length) return mismatch(seen, expected)
  if (isPerExample(a) && isPerExample(b) && a.kind !== b.kind) return mismatch(seen, expected)
  return E.right(example.kind === 'Map' ? mapType(shape[0], shape[1], shape[2]) : vectorType(shape[0]))
}

/** An operand in the result's shape: the result's number i reads `data[i % data.length]`. */
const stretch = (value: Tensor, type: Type, shape: readonly number[], batched: boolean): Tensor['data'] => {
  const own = batched && isPerExample(type) ? value.shape.slice(1) : value.shape
  if (sameShape(shape.slice(shape.length - own.length), own)) return value.data
  const ownStrides = stridesOf(own)
  const rank = shape.length - (batched ? 1 : 0)
  const strides = Array.from({ length: rank }, (_, axis) => {
    const at = axis - rank + own.length
    return at < 0 || own[at] === 1 ? 0 : ownStrides[at]
  })
  const perExample = own.reduce((m, n) => m * n, 1)
  return gather(value, shape, batched ? [isPerExample(type) ? perExample : 0, ...strides] : strides, 0).data
}

/** A function of pairs of numbers, NaN if either is (but `gate` compares), shapes broadcast: batched with batched, batched with shared, or shared with shared. */
export const binary = defineOp({
  tag: 'Binary',
  operands: ['left', 'right'],
  attributes: { fn: t.keyof(binaryFunctions) },
  infer: ([a, b]) => inferBinary(a, b),
  evaluate: ([a, b], { fn }, { operands, result, rounded = false }) => {
    const batched = isPerExample(result)
    const n = isPerExample(operands[0]) ? a.shape[0] : b.shape[0]
    const shape = batched ? [n, ...shapeOf(result)] : shapeOf(result)
    const left = stretch(a, operands[0], shape, batched)
    const right = stretch(b, operands[1], shape, batched)
    const run = binaryFunctions[fn]
    const data = rounded ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape))
    const length = Math.min(left.length, right.length)
    for (let at = 0; at < data.length; at += length)
      run(data, at, left, at % left.length, right, at % right.length, length)
    return { shape, data }
  },
})

/** `scale · (x − mean) / √(variance + epsilon) + offset`, channel by channel, with statistics given as operands. */
export const batchNorm = defineOp({
  tag: 'BatchNorm',
  operands: ['input', 'scale', 'offset', 'mean', 'variance'],
  attributes: { epsilon: Real },
  infer: ([input, ...statistics]) => {
    if (!isPerExample(input)) return mismatch(printType(input), 'a Map or a Vector as input')
    const wrong = statistics.find(s => s.kind !== 'Shared' || !sameShape(s.shape, [input.c]))
    return wrong === undefined ? E.right(input) : mismatch(`a statistic ${printType(wrong)}`, `Shared[${input.c}]`)
  },
  evaluate: ([input, scale, offset, mean, variance], { epsilon }) => {
    const c = scale.shape[0]
    const out = zeros(input.shape)
    for (let i = 0; i < out.data.length; i++) {
      const k = i % c
      out.data[i] =
        (scale.data[k] * (input.data[i] - mean.data[k])) / Math.sqrt(variance.data[k] + epsilon) + offset.data[k]
    }
    return out
  },
  equivariance: { law: 'sink-through-batch-norm', precision: 'exact', symbol: 'bn', result: 'moves' },
})
