import { type AttributesOf, shapeOf } from '../../ir/index.ts'
import { any, computed, make, op, type Rule, ref, same, type Template } from '../rule.ts'

const add = (a: Template, b: Template): Template =>
  make(
    'Binary',
    computed('add', () => ({ fn: 'add' as const })),
    a,
    b,
  )
const subtract = (a: Template, b: Template): Template =>
  make(
    'Binary',
    computed('subtract', () => ({ fn: 'subtract' as const })),
    a,
    b,
  )
const multiply = (a: Template, b: Template): Template =>
  make(
    'Binary',
    computed('multiply', () => ({ fn: 'multiply' as const })),
    a,
    b,
  )

/** `γ / √(σ² + ε)`, what a normalization multiplies its input by. */
const slope = multiply(
  ref('γ'),
  make(
    'Unary',
    computed<AttributesOf<'Unary'>>('1/√(σ² + ε)', m => ({
      fn: 'rsqrt',
      alpha: m.attributes('BatchNorm', 'bn').epsilon,
      beta: 0,
    })),
    ref('σ²'),
  ),
)
const rest = subtract(ref('β'), multiply(ref('μ'), slope))
const statistics = [any('γ'), any('β'), any('μ'), any('σ²')] as const

/** Normalizations with fixed statistics go into the weights before them. */
export const foldRules: readonly Rule[] = [
  {
    name: 'fold-into-convolution',
    precision: 'rounding',
    mode: 'inference',
    lhs: op('BatchNorm', 'bn', op('Conv2d', 'conv', any('x'), any('w')), ...statistics),
    rhs: add(make('Conv2d', same('Conv2d', 'conv'), ref('x'), multiply(ref('w'), slope)), rest),
    when: computed('the convolution has no other reader', m => m.usedOnce('conv')),
  },
  {
    name: 'fold-into-dense',
    precision: 'rounding',
    mode: 'inference',
    lhs: op('BatchNorm', 'bn', op('Dense', 'dense', any('x'), any('w')), ...statistics),
    rhs: add(make('Dense', same('Dense', 'dense'), ref('x'), multiply(ref('w'), slope)), rest),
    when: computed('the product has no other reader', m => m.usedOnce('dense')),
  },
  {
    name: 'fold-bias-into-mean',
    precision: 'rounding',
    mode: 'inference',
    lhs: op(
      'BatchNorm',
      'bn',
      op('Binary', '+', op('Conv2d', 'conv', any('x'), any('w')), any('b', 'Shared')),
      ...statistics,
    ),
    rhs: make(
      'BatchNorm',
      same('BatchNorm', 'bn'),
      make('Conv2d', same('Conv2d', 'conv'), ref('x'), ref('w')),
      ref('γ'),
      ref('β'),
      subtract(ref('μ'), ref('b')),
      ref('σ²'),
    ),
    when: computed('the sum and the convolution have no other reader, and b is one number a channel', m => {
      if (m.attributes('Binary', '+').fn !== 'add' || !m.usedOnce('+') || !m.usedOnce('conv')) return false
      const [b, w] = [shapeOf(m.type('b')), shapeOf(m.type('w'))]
      return b.length === 1 && b[0] === w[3]
    }),
  },
]
