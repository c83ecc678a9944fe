import { sizeOf } from '../../../ir/index.ts'
import type { BinaryFunction, UnaryFunction } from '../../../ir/ops/pointwise.ts'
import type { Lowering } from './lowering.ts'
import type { Operand } from './operands.ts'
import type { Writer } from './writer.ts'

type WriteUnary = (w: Writer, x: string, alpha: number, beta: number, name: string | undefined) => string

const plain =
  (op: string): WriteUnary =>
  (w, x, _alpha, _beta, name) =>
    w.add(op, [x], {}, name)

const clip: WriteUnary = (w, x, low, high, name) =>
  low <= high
    ? w.add('Clip', [x, w.scalar(low), w.scalar(high)], {}, name)
    : w.add('Min', [w.add('Max', [x, w.scalar(low)]), w.scalar(high)], {}, name)

/** Each function as one op where the opset has one; else in the form that runtimes recognize. */
const unaries: { readonly [F in UnaryFunction]: WriteUnary } = {
  relu: plain('Relu'),
  relu6: (w, x, _alpha, _beta, name) => clip(w, x, 0, 6, name),
  'leaky-relu': (w, x, alpha, _, name) => w.add('LeakyRelu', [x], { alpha: { float: alpha } }, name),
  elu: (w, x, alpha, _, name) => w.add('Elu', [x], { alpha: { float: alpha } }, name),
  sigmoid: plain('Sigmoid'),
  'hard-sigmoid': (w, x, alpha, beta, name) =>
    w.add('HardSigmoid', [x], { alpha: { float: alpha }, beta: { float: beta } }, name),
  swish: (w, x, _alpha, _beta, name) => w.add('Mul', [x, w.add('Sigmoid', [x])], {}, name),
  'hard-swish': plain('HardSwish'),
  tanh: plain('Tanh'),
  softplus: plain('Softplus'),
  gelu: (w, x, _alpha, _beta, name) => {
    const sum = w.add('Add', [w.add('Erf', [w.add('Div', [x, w.scalar(Math.SQRT2)])]), w.scalar(1)])
    return w.add('Mul', [w.add('Mul', [x, sum]), w.scalar(0.5)], {}, name)
  },
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
  clip,
  affine: (w, x, alpha, beta, name) => {
    const scaled = w.add('Mul', [x, w.scalar(alpha)], {}, beta === 0 ? name : undefined)
    return beta === 0 ? scaled : w.add('Add', [scaled, w.scalar(beta)], {}, name)
  },
}

export const unary: Lowering<'Unary'> = (w, { attributes: { fn, alpha, beta }, operands: [x], name }) =>
  unaries[fn](w, x.value(), alpha, beta, name)

const binaries: { readonly [F in Exclude<BinaryFunction, 'gate'>]: string } = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  maximum: 'Max',
  minimum: 'Min',
}

/** An operand beside a map: a shared tensor `[…, h, w, c]` as `[c, h, w]`, which broadcasts over the batch. */
const besideMap = ({ type, value, arranged }: Operand): string => {
  if (type.kind !== 'Shared') return value()
  const { shape } = type
  return sizeOf(shape) === 1 ? arranged([1], [0]) : arranged([...[1, 1, 1].slice(shape.length), ...shape], [2, 0, 1])
}

export const binary: Lowering<'Binary'> = (w, { attributes: { fn }, operands, result, name }) => {
  const [a, b] = operands.map(operand => (result.kind === 'Map' ? besideMap(operand) : operand.value()))
  if (fn !== 'gate') return w.add(binaries[fn], [a, b], {}, name)
  return w.add('Where', [w.add('Greater', [b, w.scalar(0)]), a, w.scalar(0)], {}, name)
}

export const batchNorm: Lowering<'BatchNorm'> = (w, { attributes: { epsilon }, operands, name }) =>
  w.add(
    'BatchNormalization',
    operands.map(operand => operand.value()),
    { epsilon: { float: epsilon } },
    name,
  )
