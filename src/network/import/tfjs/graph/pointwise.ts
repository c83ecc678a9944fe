import type { BinaryFunction, UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { binary, prelu, scaled, softmax, unary } from '../arithmetic.ts'
import type { Example, Value } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import { channelsLast, normalized } from './convolution.ts'
import { constantAt, exampleAt, type GraphRule, numberAt, real, type Site, typeAttribute, valueAt } from './node.ts'

const one =
  (fn: UnaryFunction, alpha = 0): GraphRule =>
  site =>
    unary(site.canvas, site.name, fn, valueAt(site, 0), { alpha })

const two =
  (fn: BinaryFunction): GraphRule =>
  site =>
    binary(site.canvas, site.name, fn, valueAt(site, 0), valueAt(site, 1))

const same: GraphRule = site => valueAt(site, 0)

const cast: GraphRule = site => {
  const x = valueAt(site, 0)
  const to = typeAttribute(site, 'DstT')
  return x.kind === 'constant' || to === 'DT_FLOAT'
    ? x
    : refuse('unsupported-attribute', `a cast to ${to}`, 'a cast to DT_FLOAT')
}

const batchNorm: GraphRule = site => {
  channelsLast(site)
  return normalized(site, exampleAt(site, 0), 1, real(site, 'epsilon', 1e-4))
}

const biasAdd: GraphRule = site => {
  channelsLast(site)
  return two('add')(site)
}

const selu: GraphRule = site => {
  const bent = unary(site.canvas, site.name, 'elu', exampleAt(site, 0), { alpha: 1.6732632423543772 })
  return scaled(site.canvas, bent as Example, 1.0507009873554805)
}

const squaredDifference: GraphRule = site => unary(site.canvas, site.name, 'square', two('subtract')(site) as Value)

/** `x^p` for a constant p. */
const power: GraphRule = site => {
  const p = numberAt(site, 1)
  const x = valueAt(site, 0)
  if (p === 1) return x
  if (p === 2) return unary(site.canvas, site.name, 'square', x)
  if (p === 3) return binary(site.canvas, site.name, 'multiply', x, unary(site.canvas, site.name, 'square', x))
  return Number.isInteger(p)
    ? refuse('unsupported-attribute', `an exponent of ${p}`, 'a fraction, or 1 to 3')
    : unary(site.canvas, site.name, 'power', x, { alpha: p })
}

const sum = (site: Site): Value =>
  site.inputs.length === 0
    ? refuse('malformed-file', 'no inputs', 'one or more')
    : site.inputs.reduce((a, b) => binary(site.canvas, site.name, 'add', a, b))

export const pointwiseOps: { readonly [op: string]: GraphRule } = {
  Identity: same,
  StopGradient: same,
  Cast: cast,
  Snapshot: same,
  BiasAdd: biasAdd,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  Add: two('add'),
  AddV2: two('add'),
  AddN: sum,
  Sub: two('subtract'),
  Mul: two('multiply'),
  Div: two('divide'),
  RealDiv: two('divide'),
  SquaredDifference: squaredDifference,
  Pow: power,
  Maximum: two('maximum'),
  Minimum: two('minimum'),
  Relu: one('relu'),
  Relu6: one('relu6'),
  LeakyRelu: site => unary(site.canvas, site.name, 'leaky-relu', valueAt(site, 0), { alpha: real(site, 'alpha', 0.2) }),
  Prelu: site => prelu(site.canvas, site.name, exampleAt(site, 0), constantAt(site, 1)),
  Elu: one('elu', 1),
  Selu: selu,
  Sigmoid: one('sigmoid'),
  Tanh: one('tanh'),
  Erf: one('erf'),
  Softsign: one('softsign'),
  Softplus: one('softplus'),
  Exp: one('exp'),
  Log: one('log'),
  Sqrt: one('sqrt'),
  Rsqrt: one('rsqrt'),
  Reciprocal: one('reciprocal'),
  Square: one('square'),
  Abs: one('abs'),
  Neg: one('negate'),
  ClipByValue: site =>
    unary(site.canvas, site.name, 'clip', valueAt(site, 0), { alpha: numberAt(site, 1), beta: numberAt(site, 2) }),
  Softmax: site => softmax(site.canvas, site.name, exampleAt(site, 0)),
  LogSoftmax: site => softmax(site.canvas, site.name, exampleAt(site, 0), true),
}
