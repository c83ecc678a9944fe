import { type AttributesOf, shapeOf } from '../../ir/index.ts'
import {
  any,
  type BoundValue,
  type Computed,
  derive,
  given,
  make,
  op,
  type Rule,
  rule,
  type Template,
} from '../rule.ts'

const binary =
  (fn: AttributesOf<'Binary'>['fn']) =>
  (a: Template, b: Template): Template =>
    make('Binary', given(fn, { fn }), a, b)
const add = binary('add')
const subtract = binary('subtract')
const multiply = binary('multiply')

interface Normalization {
  readonly bn: Computed<AttributesOf<'BatchNorm'>>
  readonly γ: BoundValue
  readonly β: BoundValue
  readonly μ: BoundValue
  readonly 'σ²': BoundValue
}

const statistics = [any('γ'), any('β'), any('μ'), any('σ²')] as const

/** `γ / √(σ² + ε)`, what a normalization multiplies its input by. */
const slope = ({ bn, γ, 'σ²': variance }: Normalization): Template => {
  const inverseRoot = derive('1/√(σ² + ε)', [bn], ({ epsilon }) => ({ fn: 'rsqrt' as const, alpha: epsilon, beta: 0 }))
  return multiply(γ, make('Unary', inverseRoot, variance))
}

/** What it adds to that product. */
const rest = (normalization: Normalization): Template =>
  subtract(normalization.β, multiply(normalization.μ, slope(normalization)))

/** Normalizations with fixed statistics go into the weights before them. */
export const foldRules: readonly Rule<'inference'>[] = [
  rule({
    name: 'fold-into-convolution',
    precision: 'rounding',
    mode: 'inference',
    lhs: op('BatchNorm', 'bn', op('Conv2d', 'conv', any('x'), any('w')), ...statistics),
    rhs: ({ x, w, conv, ...bn }) => add(make('Conv2d', conv, x, multiply(w, slope(bn))), rest(bn)),
    when: ({ conv }) => conv.usedOnce,
  }),
  rule({
    name: 'fold-into-dense',
    precision: 'rounding',
    mode: 'inference',
    lhs: op('BatchNorm', 'bn', op('Dense', 'dense', any('x'), any('w')), ...statistics),
    rhs: ({ x, w, dense, ...bn }) => add(make('Dense', dense, x, multiply(w, slope(bn))), rest(bn)),
    when: ({ dense }) => dense.usedOnce,
  }),
  rule({
    name: 'fold-bias-into-mean',
    precision: 'rounding',
    mode: 'inference',
    lhs: op(
      'BatchNorm',
      'bn',
      op('Binary', '+', op('Conv2d', 'conv', any('x'), any('w')), any('b', 'Shared')),
      ...statistics,
    ),
    rhs: ({ x, w, b, conv, bn, γ, β, μ, 'σ²': variance }) =>
      make('BatchNorm', bn, make('Conv2d', conv, x, w), γ, β, subtract(μ, b), variance),
    when: ({ '+': sum, conv, b, w }) =>
      derive(
        'the sum and the convolution have one reader each, and b is one number a channel',
        [sum, sum.usedOnce, conv.usedOnce, b.type, w.type],
        ({ fn }, sumOnce, convOnce, bias, filter) => {
          const shape = shapeOf(bias)
          return fn === 'add' && sumOnce && convOnce && shape.length === 1 && shape[0] === shapeOf(filter)[3]
        },
      ),
  }),
]
