import { isPerExample, sameShape, shapeOf, type Type, type Typing } from '../../../ir/index.ts'
import type { BinaryFunction, UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { reshape, scalarLike } from './arrange.ts'
import { flag, format, real, text } from './attributes.ts'
import type { Emitter, Op, Value } from './emitter.ts'
import type { Lowering } from './lowering.ts'

const times = (emit: Emitter, x: Value, factor: number): Value =>
  factor === 1 ? x : emit.node('Mul', [x, scalarLike(emit, x, factor)])
const plus = (emit: Emitter, x: Value, summand: number): Value =>
  summand === 0 ? x : emit.node('AddV2', [x, scalarLike(emit, x, summand)])
const clip = (emit: Emitter, x: Value, low: number, high: number): Value =>
  emit.node('Minimum', [emit.node('Maximum', [x, scalarLike(emit, x, low)]), scalarLike(emit, x, high)])

type Unary = (emit: Emitter, x: Value, alpha: number, beta: number) => Value
const same =
  (op: Op): Unary =>
  (emit, x) =>
    emit.node(op, [x])

const unaries: { readonly [F in UnaryFunction]: Unary } = {
  relu: same('Relu'),
  relu6: same('Relu6'),
  'leaky-relu': (emit, x, alpha) => emit.node('LeakyRelu', [x], { alpha: real(alpha) }),
  elu: (emit, x, alpha) =>
    alpha === 1
      ? emit.node('Elu', [x])
      : emit.node('AddV2', [
          emit.node('Relu', [x]),
          times(emit, emit.node('Elu', [emit.node('Minimum', [x, scalarLike(emit, x, 0)])]), alpha),
        ]),
  sigmoid: same('Sigmoid'),
  'hard-sigmoid': (emit, x, alpha, beta) => clip(emit, plus(emit, times(emit, x, alpha), beta), 0, 1),
  swish: (emit, x) => emit.node('Mul', [x, emit.node('Sigmoid', [x])]),
  'hard-swish': (emit, x) => emit.node('Mul', [x, clip(emit, plus(emit, times(emit, x, 1 / 6), 0.5), 0, 1)]),
  tanh: same('Tanh'),
  softplus: same('Softplus'),
  gelu: (emit, x) =>
    emit.node('Mul', [times(emit, x, 0.5), plus(emit, emit.node('Erf', [times(emit, x, Math.SQRT1_2)]), 1)]),
  exp: same('Exp'),
  log: same('Log'),
  sqrt: same('Sqrt'),
  rsqrt: (emit, x, alpha) => emit.node('Rsqrt', [plus(emit, x, alpha)]),
  reciprocal: same('Reciprocal'),
  square: same('Square'),
  abs: same('Abs'),
  negate: same('Neg'),
  clip,
  affine: (emit, x, alpha, beta) => plus(emit, times(emit, x, alpha), beta),
}

export const unary: Lowering<'Unary'> = (emit, [x], { fn, alpha, beta }) => unaries[fn](emit, x, alpha, beta)

const binaries: { readonly [F in BinaryFunction]: Op } = {
  add: 'AddV2',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'RealDiv',
  maximum: 'Maximum',
  minimum: 'Minimum',
}

const isBias = (bias: Type, to: Type): boolean =>
  isPerExample(to) && bias.kind === 'Shared' && sameShape(bias.shape, shapeOf(to).slice(-1))

/** A sum with one number a channel is a bias, which TensorFlow fuses into what comes before. */
export const binary: Lowering<'Binary'> = (emit, [a, b], { fn }, { operands }) => {
  const biasAdd = (x: Value, bias: Value): Value => emit.node('BiasAdd', [x, bias], { data_format: text('NHWC') })
  if (fn === 'add' && isBias(operands[1], operands[0])) return biasAdd(a, b)
  if (fn === 'add' && isBias(operands[0], operands[1])) return biasAdd(b, a)
  return emit.node(binaries[fn], [a, b])
}

const onMaps = (emit: Emitter, { operands: [input] }: Typing, x: Value, run: (map: Value) => Value): Value => {
  if (input.kind === 'Map') return run(x)
  const [c] = shapeOf(input)
  return reshape(emit, run(reshape(emit, x, [-1, 1, 1, c])), [-1, c])
}

export const batchNorm: Lowering<'BatchNorm'> = (emit, [x, ...statistics], { epsilon }, typing) =>
  onMaps(emit, typing, x, map =>
    emit.node('FusedBatchNormV3', [map, ...statistics], {
      U: format(statistics[0].format),
      epsilon: real(epsilon),
      exponential_avg_factor: real(1),
      data_format: text('NHWC'),
      is_training: flag(false),
    }),
  )
