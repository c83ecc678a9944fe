import { sizeOf } from '../../../ir/index.ts'
import { type Primitive, type Reader, read } from '../../../ir/ops/expression.ts'
import type { BinaryFunction, UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { expressionOf } from '../../../ir/ops/unary-functions.ts'
import type { Lowering } from './lowering.ts'
import type { Operand } from './operands.ts'
import type { Writer } from './writer.ts'

type WriteUnary = (w: Writer, x: string, alpha: number, beta: number, name: string | undefined) => string

const plain =
  (op: string): WriteUnary =>
  (w, x, _alpha, _beta, name) =>
    w.add(op, [x], {}, name)

const primitives: { readonly [F in Primitive]: WriteUnary } = {
  relu: plain('Relu'),
  'leaky-relu': (w, x, alpha, _, name) => w.add('LeakyRelu', [x], { alpha: { float: alpha } }, name),
  elu: (w, x, alpha, _, name) => w.add('Elu', [x], { alpha: { float: alpha } }, name),
  sigmoid: plain('Sigmoid'),
  tanh: plain('Tanh'),
  softplus: plain('Softplus'),
  erf: plain('Erf'),
  exp: plain('Exp'),
  log: plain('Log'),
  sqrt: plain('Sqrt'),
  rsqrt: (w, x, alpha, _, name) =>
    w.add('Pow', [alpha === 0 ? x : w.add('Add', [x, w.scalar(alpha)]), w.scalar(-0.5)], {}, name),
  reciprocal: plain('Reciprocal'),
  square: (w, x, _alpha, _beta, name) => w.add('Pow', [x, w.scalar(2)], {}, name),
  abs: plain('Abs'),
  negate: plain('Neg'),
  step: (w, x, _alpha, _beta, name) => w.add('Relu', [w.add('Sign', [x])], {}, name),
  clip: (w, x, low, high, name) =>
    low <= high
      ? w.add('Clip', [x, w.scalar(low), w.scalar(high)], {}, name)
      : w.add('Min', [w.add('Max', [x, w.scalar(low)]), w.scalar(high)], {}, name),
  affine: (w, x, alpha, beta, name) => {
    if (beta === 0) return w.add('Mul', [x, w.scalar(alpha)], {}, name)
    return w.add('Add', [alpha === 1 ? x : w.add('Mul', [x, w.scalar(alpha)]), w.scalar(beta)], {}, name)
  },
}

/** Composed functions that the opset has an op for, or runtimes recognize in one form. */
const special: { readonly [F in UnaryFunction]?: WriteUnary } = {
  'hard-sigmoid': (w, x, alpha, beta, name) =>
    w.add('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: beta } }, name),
  'hard-swish': plain('HardSwish'),
  gelu: (w, x, _alpha, _beta, name) => {
    const sum = w.add('Add', [w.add('Erf', [w.add('Div', [x, w.scalar(Math.SQRT2)])]), w.scalar(1)])
    return w.add('Mul', [w.add('Mul', [x, sum]), w.scalar(0.5)], {}, name)
  },
}

type WriteBinary = (w: Writer, a: string, b: string, name: string | undefined) => string
const pair =
  (op: string): WriteBinary =>
  (w, a, b, name) =>
    w.add(op, [a, b], {}, name)

const binaries: { readonly [F in BinaryFunction]: WriteBinary } = {
  add: pair('Add'),
  subtract: pair('Sub'),
  multiply: pair('Mul'),
  divide: pair('Div'),
  maximum: pair('Max'),
  minimum: pair('Min'),
  gate: (w, a, b, name) => w.add('Where', [w.add('Greater', [b, w.scalar(0)]), a, w.scalar(0)], {}, name),
}

export const unary: Lowering<'Unary'> = (w, { attributes: { fn, alpha, beta }, operands, name }) => {
  const x = operands[0].value()
  const reader: Reader<string> = {
    unary: (part, of, a, b, whole) => primitives[part](w, of, a, b, whole ? name : undefined),
    binary: (part, left, right, whole) => binaries[part](w, left, right, whole ? name : undefined),
  }
  return special[fn]?.(w, x, alpha, beta, name) ?? read(expressionOf(fn, alpha, beta), reader, { x })
}

/** An operand beside a map: a shared tensor `[…, h, w, c]` as `[c, h, w]`, which broadcasts over the batch. */
const besideMap = ({ type, value, arranged }: Operand): string => {
  if (type.kind !== 'Shared') return value()
  const { shape } = type
  return sizeOf(shape) === 1 ? arranged([1], [0]) : arranged([...[1, 1, 1].slice(shape.length), ...shape], [2, 0, 1])
}

export const binary: Lowering<'Binary'> = (w, { attributes: { fn }, operands, result, name }) => {
  const [a, b] = operands.map(operand => (result.kind === 'Map' ? besideMap(operand) : operand.value()))
  return binaries[fn](w, a, b, name)
}

export const batchNorm: Lowering<'BatchNorm'> = (w, { attributes: { epsilon }, operands, name }) =>
  w.add(
    'BatchNormalization',
    operands.map(operand => operand.value()),
    { epsilon: { float: epsilon } },
    name,
  )
