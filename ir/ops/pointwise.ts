import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { gather } from '../dihedral.ts'
import { defineOp, type Mismatch, mismatch, Real } from '../op.ts'
import { sizeOf, stridesOf, type Tensor, zeros } from '../tensor.ts'
import { isPerExample, mapType, printType, sameShape, shapeOf, sharedType, type Type, vectorType } from '../type.ts'

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)

/** Functions of one number, with the two constants that some of them take. */
export const unaryFunctions = {
  relu: (x: number) => Math.max(x, 0),
  relu6: (x: number) => clip(x, 0, 6),
  /** alpha: the slope below 0. */
  'leaky-relu': (x: number, alpha: number) => (x < 0 ? alpha * x : x),
  elu: (x: number, alpha: number) => (x < 0 ? alpha * Math.expm1(x) : x),
  sigmoid,
  /** `clip(alpha·x + beta, 0, 1)`. */
  'hard-sigmoid': (x: number, alpha: number, beta: number) => clip(alpha * x + beta, 0, 1),
  swish: (x: number) => x * sigmoid(x),
  /** `x · clip(x/6 + 1/2, 0, 1)`. */
  'hard-swish': (x: number) => x * clip(x / 6 + 0.5, 0, 1),
  tanh: Math.tanh,
  softplus: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  /** The form with the error function, `x·Φ(x)`. */
  gelu: (x: number) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  /** The error function. */
  erf,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  /** `1 / √(x + alpha)`. */
  rsqrt: (x: number, alpha: number) => 1 / Math.sqrt(x + alpha),
  reciprocal: (x: number) => 1 / x,
  square: (x: number) => x * x,
  abs: Math.abs,
  negate: (x: number) => -x,
  /** 1 above 0, 0 up to it. */
  step: (x: number) => Math.max(Math.sign(x), 0),
  /** `clip(x, alpha, beta)`. */
  clip,
  /** `alpha·x + beta`. */
  affine: (x: number, alpha: number, beta: number) => alpha * x + beta,
} as const satisfies Record<string, (x: number, alpha: number, beta: number) => number>

export type UnaryFunction = keyof typeof unaryFunctions
const unaryNames = Object.fromEntries(Object.keys(unaryFunctions).map(name => [name, null])) as Record<
  UnaryFunction,
  null
>

/** The error function to about 1e-15: its Maclaurin series near 0, the complement's continued fraction beyond. */
function erf(x: number): number {
  const z = Math.abs(x)
  if (z < 2.5) {
    let term = z
    let sum = z
    for (let n = 1; n < 80; n++) {
      term *= (-z * z) / n
      sum += term / (2 * n + 1)
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n > 0; n--) fraction = n / 2 / (z + fraction)
  return Math.sign(x) * (1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction))
}

/** A function of each number on its own, of NaN always NaN; constants that the function does not take are 0. */
export const unary = defineOp({
  tag: 'Unary',
  operands: ['input'],
  attributes: { fn: t.keyof(unaryNames), alpha: Real, beta: Real },
  infer: ([input]) => E.right(input),
  evaluate: ([input], { fn, alpha, beta }) => {
    const { shape, data } = input
    const out = zeros(shape)
    // What halves weights, in a loop of its own: functions from a table are called number by number.
    if (fn === 'affine') for (let i = 0; i < data.length; i++) out.data[i] = alpha * data[i] + beta
    else {
      const f = unaryFunctions[fn]
      for (let i = 0; i < data.length; i++) out.data[i] = f(data[i], alpha, beta)
    }
    return out
  },
  equivariance: { law: 'sink-through-unary', precision: 'exact', symbol: 'f', result: 'moves' },
})

type Numbers = Tensor['data']

/** Fills `n` places of `out` from `at` on, from as many of `a` from `i` on and of `b` from `j` on: a loop of its own for each function, which is then compiled into it. */
type Run = (out: Numbers, at: number, a: Numbers, i: number, b: Numbers, j: number, n: number) => void

const binaryRuns = {
  add: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] + b[j + k]
  },
  subtract: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] - b[j + k]
  },
  multiply: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] * b[j + k]
  },
  divide: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = a[i + k] / b[j + k]
  },
  maximum: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = Math.max(a[i + k], b[j + k])
  },
  minimum: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = Math.min(a[i + k], b[j + k])
  },
  /** The first where the second is above 0, otherwise 0. */
  gate: (out, at, a, i, b, j, n) => {
    for (let k = 0; k < n; k++) out[at + k] = b[j + k] > 0 ? a[i + k] : 0
  },
} as const satisfies Record<string, Run>

export type BinaryFunction = keyof typeof binaryRuns
const binaryNames = Object.fromEntries(Object.keys(binaryRuns).map(name => [name, null])) as Record<
  BinaryFunction,
  null
>

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
  attributes: { fn: t.keyof(binaryNames) },
  infer: ([a, b]) => inferBinary(a, b),
  evaluate: ([a, b], { fn }, { operands, result, rounded = false }) => {
    const batched = isPerExample(result)
    const n = isPerExample(operands[0]) ? a.shape[0] : b.shape[0]
    const shape = batched ? [n, ...shapeOf(result)] : shapeOf(result)
    const left = stretch(a, operands[0], shape, batched)
    const right = stretch(b, operands[1], shape, batched)
    const run = binaryRuns[fn]
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
