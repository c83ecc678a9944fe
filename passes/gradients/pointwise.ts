import { type NodeId, sameType } from '../../ir/index.ts'
import type { UnaryFunction } from '../../ir/ops/pointwise.ts'
import { type GradientRule, none, once, type Place, refused, type Tools, term } from './tools.ts'

type At = Place<'Unary'>

/** 1 where a number is between two bounds. */
const between = (t: Tools, y: NodeId, low: number, high: number): NodeId =>
  t.multiply(t.unary('step', t.affine(y, 1, -low)), t.unary('step', t.affine(y, -1, high)))

/** By what a function's derivative multiplies: of its value `y` where that says enough, so that `x` is not needed any more. */
const slopes: {
  readonly [F in Exclude<UnaryFunction, 'affine' | 'negate' | 'relu' | 'step'>]: (
    t: Tools,
    x: NodeId,
    y: NodeId,
    a: At,
  ) => NodeId
} = {
  relu6: (t, _, y) => between(t, y, 0, 6),
  'leaky-relu': (t, x, _, { attributes: { alpha } }) => t.affine(t.unary('step', x), 1 - alpha, alpha),
  elu: (t, x, y, { attributes: { alpha } }) =>
    t.add(t.binary('minimum', y, t.constant(0)), t.affine(t.unary('step', x), 1 - alpha, alpha)),
  sigmoid: (t, _, y) => t.multiply(y, t.affine(y, -1, 1)),
  'hard-sigmoid': (t, _, y, { attributes: { alpha } }) => t.affine(between(t, y, 0, 1), alpha),
  swish: (t, x, y) => {
    const s = t.unary('sigmoid', x)
    return t.add(s, t.multiply(y, t.affine(s, -1, 1)))
  },
  'hard-swish': (t, x) => {
    const gate = t.draft.add('Unary', [x], { fn: 'hard-sigmoid', alpha: 1 / 6, beta: 0.5 })
    return t.add(gate, t.multiply(t.affine(x, 1 / 6), between(t, gate, 0, 1)))
  },
  tanh: (t, _, y) => t.affine(t.unary('square', y), -1, 1),
  softplus: (t, x) => t.unary('sigmoid', x),
  gelu: (t, x) => {
    const cumulated = t.affine(t.unary('erf', t.affine(x, Math.SQRT1_2)), 0.5, 0.5)
    const density = t.affine(t.unary('exp', t.affine(t.unary('square', x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
    return t.add(cumulated, t.multiply(x, density))
  },
  erf: (t, x) => t.affine(t.unary('exp', t.affine(t.unary('square', x), -1)), 2 / Math.sqrt(Math.PI)),
  exp: (_, __, y) => y,
  log: (t, x) => t.unary('reciprocal', x),
  sqrt: (t, _, y) => t.affine(t.unary('reciprocal', y), 0.5),
  rsqrt: (t, _, y) => t.affine(t.multiply(y, t.unary('square', y)), -0.5),
  reciprocal: (t, _, y) => t.affine(t.unary('square', y), -1),
  square: (t, x) => t.affine(x, 2),
  abs: (t, x) => t.binary('subtract', t.unary('step', x), t.unary('step', t.affine(x, -1))),
  clip: (t, _, y, { attributes: { alpha, beta } }) => between(t, y, alpha, beta),
}

export const unary: GradientRule<'Unary'> = at => {
  const { fn, alpha } = at.attributes
  if (fn === 'step') return [none]
  return [
    term(() => {
      if (fn === 'affine') return at.affine(at.gradient, alpha)
      if (fn === 'relu') return at.binary('gate', at.gradient, at.result)
      if (fn === 'negate') return at.affine(at.gradient, -1)
      return at.multiply(at.gradient, slopes[fn](at, at.operands[0], at.result, at))
    }),
  ]
}

/** A gradient of the result, summed to where one number of an operand was stretched to many. */
const fitted = (at: Place<'Binary'>, operand: NodeId, gradient: NodeId): NodeId =>
  sameType(at.typeOf(operand), at.typeOf(at.result))
    ? gradient
    : at.sumTo(at.whole(gradient, at.result), at.typeOf(operand))

export const binary: GradientRule<'Binary'> = at => {
  const [a, b] = at.operands
  const { gradient: g } = at
  /** 1 where a is the larger. */
  const larger = once(() => at.unary('step', at.binary('subtract', a, b)))
  const smaller = once(() => at.affine(larger(), -1, 1))
  const both = (left: () => NodeId, right: () => NodeId) => [
    term(() => fitted(at, a, left())),
    term(() => fitted(at, b, right())),
  ]
  switch (at.attributes.fn) {
    case 'add':
      return both(
        () => g,
        () => g,
      )
    case 'subtract':
      return both(
        () => g,
        () => at.affine(g, -1),
      )
    case 'multiply':
      return both(
        () => at.multiply(g, b),
        () => at.multiply(g, a),
      )
    case 'divide':
      return both(
        () => at.binary('divide', g, b),
        () => at.binary('divide', at.affine(at.multiply(g, at.result), -1), b),
      )
    case 'gate':
      return [term(() => fitted(at, a, at.binary('gate', g, b))), none]
    case 'maximum':
      return both(
        () => at.multiply(g, larger()),
        () => at.multiply(g, smaller()),
      )
    case 'minimum':
      return both(
        () => at.multiply(g, smaller()),
        () => at.multiply(g, larger()),
      )
  }
}

/** Whether a normalization is by the mean and the variance of the batch that it normalizes. */
const byOwnStatistics = (at: Place<'BatchNorm'>): boolean => {
  const [x, , offset, ...statistics] = at.operands
  return statistics.every((id, k) => {
    const node = at.draft.nodes[id]
    return (
      node.tag === 'ReduceTo' &&
      node.operands[0] === x &&
      node.attributes.reduction === (k === 0 ? 'mean' : 'variance') &&
      sameType(node.type, at.typeOf(offset))
    )
  })
}

/** With `r = 1/√(variance + epsilon)`: everything follows from the sums of g and of `g·(x − mean)` over the batch. */
export const batchNorm: GradientRule<'BatchNorm'> = at => {
  const [x, scale, offset, mean, variance] = at.operands
  const { epsilon } = at.attributes
  const to = at.typeOf(offset)
  const r = once(() => at.unary('rsqrt', variance, epsilon))
  const slope = once(() => at.multiply(scale, r()))
  const sum = once(() => at.sumTo(at.wholeGradient(), to))
  const centredSum = once(() => at.sumTo(at.multiply(at.wholeGradient(), at.binary('subtract', x, mean)), to))
  const product = once(() => at.multiply(centredSum(), r()))
  if (byOwnStatistics(at)) {
    const share = once(() => at.draft.add('InverseCount', [x], { to }))
    const own = () => {
      const means = [sum(), product()].map(total => at.multiply(total, share()))
      return at.draft.add('BatchNormInputGradient', [x, at.wholeGradient(), scale, mean, variance, ...means], {
        epsilon,
      })
    }
    return [term(own), term(product), term(sum), none, none]
  }
  return [
    term(() => at.multiply(at.gradient, slope())),
    term(product),
    term(sum),
    term(() => at.multiply(at.affine(sum(), -1), slope())),
    term(() => at.multiply(at.affine(product(), -0.5), at.multiply(slope(), r()))),
  ]
}

export const batchNormInputGradient: GradientRule<'BatchNormInputGradient'> = at => at.operands.map(() => refused)
