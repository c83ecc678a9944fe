import { type NodeId, sameType } from '../../ir/index.ts'
import { slopeOf } from '../../ir/ops/derivative.ts'
import { type Expression, read } from '../../ir/ops/expression.ts'
import { type GradientRule, none, once, type Place, refused, term } from './tools.ts'

/** A slope that is a step lets the gradient through or shuts it out. */
const unary: GradientRule<'Unary'> = at => {
  const { fn, alpha, beta } = at.attributes
  const slope = slopeOf(fn, alpha, beta)
  if (slope === 0) return [none]
  const nodeOf = (expression: Expression): NodeId =>
    read<NodeId>(
      expression,
      {
        unary: (part, x, a, b) => at.draft.add('Unary', [x], { fn: part, alpha: a, beta: b }),
        binary: at.binary,
      },
      { x: at.operands[0], y: at.result },
    )
  return [
    term(() => {
      if (typeof slope === 'number') return at.affine(at.gradient, slope)
      if (slope.kind === 'unary' && slope.fn === 'step') return at.binary('gate', at.gradient, nodeOf(slope.of))
      return at.multiply(at.gradient, nodeOf(slope))
    }),
  ]
}

/** A gradient of the result, summed to where one number of an operand was stretched to many. */
const fitted = (at: Place<'Binary'>, operand: NodeId, gradient: NodeId): NodeId =>
  sameType(at.typeOf(operand), at.typeOf(at.result))
    ? gradient
    : at.sumTo(at.whole(gradient, at.result), at.typeOf(operand))

const binary: GradientRule<'Binary'> = at => {
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
const batchNorm: GradientRule<'BatchNorm'> = at => {
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

const batchNormInputGradient: GradientRule<'BatchNormInputGradient'> = at => at.operands.map(() => refused)

export const pointwise = {
  Unary: unary,
  Binary: binary,
  BatchNorm: batchNorm,
  BatchNormInputGradient: batchNormInputGradient,
}
