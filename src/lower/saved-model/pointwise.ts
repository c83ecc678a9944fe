import { sameType } from '../../../ir/index.ts'
import { type Primitive, read } from '../../../ir/ops/expression.ts'
import type { BinaryFunction, UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { expressionOf } from '../../../ir/ops/unary-functions.ts'
import { isBias } from '../../../passes/epilogue.ts'
import { cast, reshape, scalarLike } from './arrange.ts'
import { real, text, whole } from './attributes.ts'
import { onePixel } from './convolution.ts'
import type { Emitter, Op, Value } from './emitter.ts'
import type { Lowering, Readers } from './lowering.ts'
import type { Format } from './schema.ts'

const times = (emit: Emitter, x: Value, factor: number): Value =>
  factor === 1 ? x : emit.node('Mul', [x, scalarLike(emit, x, factor)])
const plus = (emit: Emitter, x: Value, summand: number): Value =>
  summand === 0 ? x : emit.node('AddV2', [x, scalarLike(emit, x, summand)])

/** TensorFlow 2.21's remapper forgets the slope when it fuses a leaky rectifier with a sum. */
const leakyRelu = (emit: Emitter, x: Value, alpha: number): Value =>
  x.op === 'AddV2' || x.op === 'AddN'
    ? emit.node('Sub', [x, times(emit, emit.node('Minimum', [x, scalarLike(emit, x, 0)]), 1 - alpha)])
    : emit.node('LeakyRelu', [x], { alpha: real(alpha) })

type Unary = (emit: Emitter, x: Value, alpha: number, beta: number) => Value
const same =
  (op: Op): Unary =>
  (emit, x) =>
    emit.node(op, [x])

const primitives: { readonly [F in Primitive]: Unary } = {
  relu: same('Relu'),
  'leaky-relu': leakyRelu,
  elu: (emit, x, alpha) =>
    alpha === 1
      ? emit.node('Elu', [x])
      : emit.node('AddV2', [
          emit.node('Relu', [x]),
          times(emit, emit.node('Elu', [emit.node('Minimum', [x, scalarLike(emit, x, 0)])]), alpha),
        ]),
  sigmoid: same('Sigmoid'),
  tanh: same('Tanh'),
  softplus: same('Softplus'),
  erf: same('Erf'),
  exp: same('Exp'),
  log: same('Log'),
  sqrt: same('Sqrt'),
  rsqrt: (emit, x, alpha) => emit.node('Rsqrt', [plus(emit, x, alpha)]),
  reciprocal: same('Reciprocal'),
  square: same('Square'),
  abs: same('Abs'),
  negate: same('Neg'),
  step: (emit, x) => emit.node('Relu', [emit.node('Sign', [x])]),
  clip: (emit, x, low, high) =>
    emit.node('Minimum', [emit.node('Maximum', [x, scalarLike(emit, x, low)]), scalarLike(emit, x, high)]),
  affine: (emit, x, alpha, beta) => plus(emit, times(emit, x, alpha), beta),
}

/** TensorFlow 2.21's remapper fuses `x·tanh(softplus(x))` with a sum of convolutions into a kernel that there is not: it does not know it with an `Abs` that changes nothing. */
const mish: Unary = (emit, x) =>
  emit.node('Mul', [x, emit.node('Abs', [emit.node('Tanh', [emit.node('Softplus', [x])])])])

/** Composed functions that TensorFlow has an op for, or gets wrong as they are composed. */
const special: { readonly [F in UnaryFunction]?: Unary } = { relu6: same('Relu6'), mish }

/** Of two values of one shape. */
const binaries: { readonly [F in BinaryFunction]: Op } = {
  add: 'AddV2',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'RealDiv',
  maximum: 'Maximum',
  minimum: 'Minimum',
  gate: 'ReluGrad',
}

export const unary: Lowering<'Unary'> = (emit, [x], { fn, alpha, beta }) =>
  special[fn]?.(emit, x, alpha, beta) ??
  read<Value>(
    expressionOf(fn, alpha, beta),
    {
      unary: (part, of, a, b) => primitives[part](emit, of, a, b),
      binary: (part, left, right) => emit.node(binaries[part], [left, right]),
    },
    { x },
  )

/** With oneDNN alone TensorFlow's remapper takes an `AddV2` for a bias. */
const biasAdd = (emit: Emitter, x: Value, bias: Value): Value => {
  if (x.grouped === true) return emit.node('AddV2', [x, bias])
  const biased = emit.node('BiasAdd', [x, bias], { data_format: text('NHWC') })
  return x.op === 'DepthwiseConv2dNative' ? { ...biased, biased: { bare: x, bias } } : biased
}

/** The least that is not 0: a bias of zeros would be optimized away, and with it the fusion that it is for. */
const nothing = 2 ** -126

/**
 * The sum of two maps. TensorFlow's kernels add to a convolution as it is computed where it has a bias and the sum is
 * spelled `AddN`; but its remapper then forgets that anything reads the sum beside a function of it. The bias of a
 * depthwise convolution comes after the sum.
 */
const sum = (emit: Emitter, terms: readonly Value[], channels: number, { only, functions }: Readers): Value => {
  const biases = terms.flatMap(({ biased }) => biased?.bias ?? [])
  if (emit.runner === 'kernels' && biases.length > 0) {
    const bare = emit.node(
      'AddV2',
      terms.map(term => term.biased?.bare ?? term),
    )
    return biases.reduce((x, bias) => biasAdd(emit, x, bias), bare)
  }
  if (emit.runner === 'xla' || (functions && only !== 'relu')) return emit.node('AddV2', terms)
  const bare = terms.findLast(({ op }) => op === 'Conv2D')
  const bias = (format: Format): Value => emit.constant([channels], new Float32Array(channels).fill(nothing), format)
  const biased = terms.map(term => (term === bare ? biasAdd(emit, term, bias(term.format)) : term))
  return emit.node('AddN', biased, { N: whole(biased.length) })
}

export const binary: Lowering<'Binary'> = (emit, [a, b], { fn }, { operands: [left, right], result }, readers) => {
  if (fn === 'add') {
    if (isBias(right, left)) return biasAdd(emit, a, b)
    if (isBias(left, right)) return biasAdd(emit, b, a)
    if (result.kind === 'Map' && sameType(left, right)) return sum(emit, [a, b], result.c, readers)
  }
  if (fn === 'gate' && !sameType(left, right)) return emit.node('Mul', [a, primitives.step(emit, b, 0, 0)])
  return emit.node(binaries[fn], [a, b])
}

/** A slope and an offset a channel, in the format of what is normalized. */
const normalizing = (emit: Emitter, [scale, offset, mean, variance]: readonly Value[], epsilon: number) => {
  const slope = emit.node('Mul', [scale, emit.node('Rsqrt', [plus(emit, variance, epsilon)])])
  return { slope, offset: emit.node('Sub', [offset, emit.node('Mul', [mean, slope])]) }
}

/**
 * Before a clamp TensorFlow's own normalization is slower than a depthwise convolution of one pixel, with which the clamp
 * is fused, and between a convolution and another function its remapper makes a kernel of it that there is not.
 */
export const batchNorm: Lowering<'BatchNorm'> = (
  emit,
  [x, ...statistics],
  { epsilon },
  { operands: [input] },
  { only },
) => {
  const { slope, offset } = normalizing(emit, statistics, epsilon)
  const narrow = { slope: cast(emit, slope, x.format), offset: cast(emit, offset, x.format) }
  if (emit.runner === 'xla' || input.kind !== 'Map' || (only !== 'relu' && only !== 'relu6'))
    return biasAdd(emit, { ...x, ...emit.node('Mul', [x, narrow.slope]) }, narrow.offset)
  const filter = reshape(emit, narrow.slope, [1, 1, input.c, 1])
  return biasAdd(emit, emit.node('DepthwiseConv2dNative', [x, filter], onePixel), narrow.offset)
}
