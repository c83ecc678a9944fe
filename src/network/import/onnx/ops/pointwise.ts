import type { BinaryFunction, UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { broadcast } from '../broadcast.ts'
import { type Constant, constant } from '../constant.ts'
import { constantAt, inputAt, type OnnxNode, optionalAt, scalarOf, tidy, type Value, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { numberNode, type Rule, type Translation } from '../translation.ts'
import { type View, withNode } from '../view.ts'
import { choices } from './choices.ts'

const apply = (
  t: Translation,
  node: OnnxNode,
  x: View,
  fn: UnaryFunction,
  constants: { readonly alpha?: number; readonly beta?: number } = {},
): View => withNode(x, t.build.unary(fn, x.node, constants, node.name))

/** The rule for a function of each number on its own. */
export const unary =
  (
    fn: UnaryFunction,
    constantsOf: (node: OnnxNode) => { readonly alpha?: number; readonly beta?: number } = () => ({}),
  ): Rule =>
  (node, t) => [apply(t, node, viewAt(node, 0), fn, constantsOf(node))]

/** `gamma·(x above 0, else alpha·(exp(x) − 1))`. */
const selu: Rule = (node, t) => {
  const bent = apply(t, node, viewAt(node, 0), 'elu', { alpha: node.float('alpha', 1.6732632423543772) })
  return [apply(t, node, bent, 'affine', { alpha: node.float('gamma', 1.0507009873554805) })]
}

/** `x above 0, else alpha·(exp(x/alpha) − 1)`. */
const celu: Rule = (node, t) => {
  const alpha = node.float('alpha', 1)
  if (!(alpha > 0)) return refuse('unsupported-attribute', `alpha = ${alpha}`, 'one above 0')
  const bent = apply(t, node, apply(t, node, viewAt(node, 0), 'affine', { alpha: 1 / alpha }), 'elu', { alpha: 1 })
  return [apply(t, node, bent, 'affine', { alpha })]
}

/** `x · sigmoid(alpha · x)`. */
const swish: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const alpha = node.float('alpha', 1)
  if (alpha === 1) return [apply(t, node, x, 'swish')]
  if (alpha === 0) return [apply(t, node, x, 'affine', { alpha: 0.5 })]
  const scaled = apply(t, node, apply(t, node, x, 'affine', { alpha }), 'swish')
  return [apply(t, node, scaled, 'affine', { alpha: 1 / alpha })]
}

/** 1 above 0 and −1 below it. */
const sign: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const below = apply(t, node, apply(t, node, x, 'negate'), 'step')
  return [broadcast(t, 'subtract', [apply(t, node, x, 'step'), below], node.name)]
}

const gelus: Readonly<Record<string, UnaryFunction>> = { none: 'gelu', tanh: 'gelu-tanh' }

const gelu: Rule = (node, t) => {
  const approximate = node.text('approximate', 'none')
  return Object.hasOwn(gelus, approximate)
    ? [apply(t, node, viewAt(node, 0), gelus[approximate])]
    : refuse('unsupported-attribute', `approximate = ${approximate}`, Object.keys(gelus).join(' or '))
}

/** Beyond it a bound is none: exporters write the largest float32. */
const unbounded = 3.4e38

const clip: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const bound = (at: number, name: string, otherwise: number): number => {
    const attribute = node.float(name, otherwise)
    const input = optionalAt(node, at)
    return tidy(input === undefined ? attribute : scalarOf(input))
  }
  const low = bound(1, 'min', Number.NEGATIVE_INFINITY)
  const high = bound(2, 'max', Number.POSITIVE_INFINITY)
  const below = low > -unbounded
  const above = high < unbounded
  if (!below && !above) return [x]
  if (below && above)
    return [
      low === 0 && high === 6 ? apply(t, node, x, 'relu6') : apply(t, node, x, 'clip', { alpha: low, beta: high }),
    ]
  if (below && low === 0) return [apply(t, node, x, 'relu')]
  const other = numberNode(t, below ? low : high)
  return [withNode(x, t.build.binary(below ? 'maximum' : 'minimum', x.node, other, node.name))]
}

/** `relu(x) − slope · relu(−x)`, or leaky ReLU where there is one slope. */
const prelu: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const slope = constantAt(node, 1)
  if (slope.values.length === 1) return [apply(t, node, x, 'leaky-relu', { alpha: scalarOf(slope) })]
  const below = apply(t, node, apply(t, node, x, 'negate'), 'relu')
  const scaled = broadcast(t, 'multiply', [below, slope], node.name)
  return [broadcast(t, 'subtract', [apply(t, node, x, 'relu'), scaled], node.name)]
}

const powers: ReadonlyMap<number, UnaryFunction> = new Map([
  [2, 'square'],
  [0.5, 'sqrt'],
  [-1, 'reciprocal'],
  [-0.5, 'rsqrt'],
])

const pow: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const exponent = scalarOf(constantAt(node, 1))
  if (exponent === 1) return [x]
  const fn = powers.get(exponent)
  if (fn !== undefined) return [apply(t, node, x, fn)]
  // Of what is below 0 there is none, here and there.
  if (!Number.isInteger(exponent)) return [apply(t, node, x, 'power', { alpha: exponent })]
  if (exponent < 3 || exponent > 4)
    return refuse('unsupported-attribute', `an exponent of ${exponent}`, `a fraction, -1, or 1 to 4`)
  const square = apply(t, node, x, 'square')
  return [exponent === 4 ? apply(t, node, square, 'square') : broadcast(t, 'multiply', [square, x], node.name)]
}

const all = (node: OnnxNode): readonly Value[] => node.inputs.map((_, at) => inputAt(node, at))

const folded = (t: Translation, fn: BinaryFunction, node: OnnxNode): Value => {
  // Constants last: two constants never meet, and all these functions commute.
  const values = [...all(node)].sort((a, b) => Number(a.kind === 'constant') - Number(b.kind === 'constant'))
  return values.reduce((a, b) => broadcast(t, fn, [a, b], node.name))
}

const variadic =
  (fn: BinaryFunction): Rule =>
  (node, t) => [folded(t, fn, node)]

const binary =
  (fn: BinaryFunction): Rule =>
  (node, t) => [broadcast(t, fn, [inputAt(node, 0), inputAt(node, 1)], node.name)]

/** The mean of values of one shape, or of shapes that broadcast. */
export const meanOf = (t: Translation, values: readonly Value[], name: string): View => {
  const total = values.reduce((a, b) => broadcast(t, 'add', [a, b], name)) as View
  const share: Constant = constant(`${name}.share`, [], [1 / values.length], 'float')
  return values.length === 1 ? total : broadcast(t, 'multiply', [total, share], name)
}

const mean: Rule = (node, t) => [
  meanOf(
    t,
    [...all(node)].sort((a, b) => Number(a.kind === 'constant') - Number(b.kind === 'constant')),
    node.output,
  ),
]

export const pointwise: Readonly<Record<string, Rule>> = {
  Relu: unary('relu'),
  Sigmoid: unary('sigmoid'),
  Tanh: unary('tanh'),
  Erf: unary('erf'),
  Exp: unary('exp'),
  Log: unary('log'),
  Sqrt: unary('sqrt'),
  Abs: unary('abs'),
  Neg: unary('negate'),
  Sign: sign,
  Reciprocal: unary('reciprocal'),
  Softplus: unary('softplus'),
  HardSwish: unary('hard-swish'),
  LeakyRelu: unary('leaky-relu', node => ({ alpha: node.float('alpha', 0.01) })),
  Elu: unary('elu', node => ({ alpha: node.float('alpha', 1) })),
  HardSigmoid: unary('hard-sigmoid', node => ({
    alpha: node.float('alpha', 0.2),
    beta: node.float('beta', 0.5),
  })),
  Gelu: gelu,
  Mish: unary('mish'),
  Swish: swish,
  Softsign: unary('softsign'),
  Selu: selu,
  Celu: celu,
  Clip: clip,
  PRelu: prelu,
  Pow: pow,
  Add: binary('add'),
  Sub: binary('subtract'),
  Mul: binary('multiply'),
  Div: binary('divide'),
  Sum: variadic('add'),
  Max: variadic('maximum'),
  Min: variadic('minimum'),
  Mean: mean,
  ...choices,
}
