import type { Tensor } from '@tensorflow/tfjs-core'
import { sameShape, shapeOf } from '../../../ir/index.ts'
import { type Primitive, type Reader, read } from '../../../ir/ops/expression.ts'
import type { BinaryFunction, UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { expressionOf } from '../../../ir/ops/unary-functions.ts'
import { type Lowering, runKernel, type Target } from './kernel.ts'
import { runNative } from './native.ts'

/** TensorFlow.js runs it as seven ops on the native backend. */
const step = ({ tf, backend }: Target, x: Tensor): Tensor =>
  backend === 'tensorflow' ? tf.relu(tf.sign(x)) : tf.step(x)

type RunUnary = (target: Target, x: Tensor, alpha: number, beta: number) => Tensor

const primitives: { readonly [F in Primitive]: RunUnary } = {
  relu: ({ tf }, x) => tf.relu(x),
  'leaky-relu': ({ tf }, x, alpha) => tf.leakyRelu(x, alpha),
  elu: ({ tf }, x, alpha) => (alpha === 1 ? tf.elu(x) : tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha))),
  sigmoid: ({ tf }, x) => tf.sigmoid(x),
  tanh: ({ tf }, x) => tf.tanh(x),
  softplus: ({ tf }, x) => tf.softplus(x),
  erf: ({ tf }, x) => tf.erf(x),
  exp: ({ tf }, x) => tf.exp(x),
  log: ({ tf }, x) => tf.log(x),
  sqrt: ({ tf }, x) => tf.sqrt(x),
  rsqrt: ({ tf }, x, alpha) => tf.rsqrt(alpha === 0 ? x : tf.add(x, alpha)),
  reciprocal: ({ tf }, x) => tf.reciprocal(x),
  square: ({ tf }, x) => tf.square(x),
  abs: ({ tf }, x) => tf.abs(x),
  negate: ({ tf }, x) => tf.neg(x),
  step,
  clip: ({ tf }, x, low, high) => (low <= high ? tf.clipByValue(x, low, high) : tf.minimum(tf.maximum(x, low), high)),
  affine: ({ tf }, x, alpha, beta) => {
    const scaled = alpha === 1 ? x : tf.mul(x, alpha)
    return beta === 0 ? scaled : tf.add(scaled, beta)
  },
}

/** Composed functions that TensorFlow.js has an op for. */
const special: { readonly [F in UnaryFunction]?: RunUnary } = { relu6: ({ tf }, x) => tf.relu6(x) }

const binaries: { readonly [F in BinaryFunction]: (target: Target, a: Tensor, b: Tensor) => Tensor } = {
  add: ({ tf }, a, b) => tf.add(a, b),
  subtract: ({ tf }, a, b) => tf.sub(a, b),
  multiply: ({ tf }, a, b) => tf.mul(a, b),
  divide: ({ tf }, a, b) => tf.div(a, b),
  maximum: ({ tf }, a, b) => tf.maximum(a, b),
  minimum: ({ tf }, a, b) => tf.minimum(a, b),
  gate: (target, a, b) =>
    target.backend === 'tensorflow' && sameShape(a.shape, b.shape)
      ? runNative(target, 'ReluGrad', [], [a, b])
      : target.tf.mul(a, step(target, b)),
}

export const unary: Lowering<'Unary'> = (target, { fn, alpha, beta }) => {
  const own = special[fn]
  if (own !== undefined) return { run: ([x]) => own(target, x, alpha, beta) }
  const reader: Reader<Tensor> = {
    unary: (part, of, a, b) => primitives[part](target, of, a, b),
    binary: (part, left, right) => binaries[part](target, left, right),
  }
  const value = expressionOf(fn, alpha, beta)
  return { run: ([x]) => read(value, reader, { x }) }
}

export const binary: Lowering<'Binary'> = (target, { fn }) => ({ run: ([a, b]) => binaries[fn](target, a, b) })

export const batchNorm: Lowering<'BatchNorm'> = (target, { epsilon }, { operands: [input] }, { activation }) => {
  const { tf } = target
  const c = shapeOf(input).at(-1) as number
  const onMap =
    (normalize: (x: Tensor) => Tensor) =>
    (x: Tensor): Tensor =>
      input.kind === 'Map' ? normalize(x) : tf.reshape(normalize(tf.reshape(x, [-1, 1, 1, c])), [-1, c])
  if (target.backend !== 'wasm')
    return {
      run: ([input, scale, offset, mean, variance]) =>
        onMap(x =>
          runKernel(target, 'FusedBatchNorm', { x, scale, offset, mean, variance }, { varianceEpsilon: epsilon }),
        )(input),
    }
  // WebAssembly's own kernel takes 20 times as long as a depthwise 1×1 convolution, which XNNPACK has a kernel for.
  const settings = {
    strides: [1, 1],
    dilations: [1, 1],
    pad: 'valid',
    dataFormat: 'NHWC',
    activation,
    leakyreluAlpha: 0,
  }
  return {
    prepare: ([scale, offset, mean, variance]) => {
      const slope = tf.mul(scale, tf.rsqrt(tf.add(variance, epsilon)))
      return [tf.reshape(slope, [1, 1, c, 1]), tf.sub(offset, tf.mul(mean, slope))]
    },
    run: ([input], [filter, bias]) =>
      onMap(x => runKernel(target, 'FusedDepthwiseConv2D', { x, filter, bias }, settings))(input),
  }
}

/** `gradient·a − input·b + c`, where a, b and c are shared. */
export const batchNormInputGradient: Lowering<'BatchNormInputGradient'> = ({ tf }, { epsilon }) => ({
  prepare: ([scale, mean, variance, meanGradient, meanProduct]) => {
    const r = tf.rsqrt(tf.add(variance, epsilon))
    const slope = tf.mul(scale, r)
    const ofInput = tf.mul(tf.mul(slope, r), meanProduct)
    return [slope, ofInput, tf.sub(tf.mul(mean, ofInput), tf.mul(slope, meanGradient))]
  },
  run: ([input, gradient], [slope, ofInput, rest]) =>
    tf.add(tf.sub(tf.mul(gradient, slope), tf.mul(input, ofInput)), rest),
})
