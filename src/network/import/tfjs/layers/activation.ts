import * as t from 'io-ts'
import { prelu, scaled, softmax, unary } from '../arithmetic.ts'
import { asMap, type Canvas, type Example, like, scalar, withChannels } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import { type Layer, type LayerRule, lastAxisOnly, only, setting } from './layer.ts'

type Pointwise = (c: Canvas, name: string, x: Example) => Example

const of =
  (fn: Parameters<typeof unary>[2], constants: Parameters<typeof unary>[4] = {}): Pointwise =>
  (c, name, x) =>
    unary(c, name, fn, x, constants) as Example

const selu: Pointwise = (c, name, x) =>
  scaled(c, of('elu', { alpha: 1.6732632423543772 })(c, name, x), 1.0507009873554805)

/** Activations by the names that Keras gives them; hard sigmoid as TensorFlow.js and Keras 2 compute it. */
const functions: { readonly [name: string]: Pointwise } = {
  linear: (_c, _name, x) => x,
  relu: of('relu'),
  relu6: of('relu6'),
  elu: of('elu', { alpha: 1 }),
  selu,
  sigmoid: of('sigmoid'),
  hard_sigmoid: of('hard-sigmoid', { alpha: 0.2, beta: 0.5 }),
  hard_swish: of('hard-swish'),
  hard_silu: of('hard-swish'),
  tanh: of('tanh'),
  softplus: of('softplus'),
  softsign: of('softsign'),
  swish: of('swish'),
  silu: of('swish'),
  gelu: of('gelu'),
  gelu_new: of('gelu-tanh'),
  mish: of('mish'),
  exponential: of('exp'),
  softmax,
  log_softmax: (c, name, x) => softmax(c, name, x, true),
}

const snakeCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()

const Named = t.intersection([t.type({ class_name: t.string }), t.partial({ config: t.unknown })])

/** The name in an `activation` setting: `"relu"`, or the object that a function was serialized to. */
const nameOf = (layer: Layer): string => {
  const value = setting<string | t.TypeOf<typeof Named>>(
    layer,
    'activation',
    t.union([t.string, Named], 'the name of an activation'),
    'linear',
  )
  if (typeof value === 'string') return snakeCase(value)
  return value.class_name === 'function' && typeof value.config === 'string'
    ? value.config
    : snakeCase(value.class_name)
}

/** Applies the activation that a layer's configuration names. */
export const activated = (layer: Layer, x: Example): Example => {
  const name = nameOf(layer)
  const apply = Object.hasOwn(functions, name) ? functions[name] : undefined
  return apply === undefined
    ? refuse('unsupported-op', `activation ${name}`, `one of ${Object.keys(functions).join(', ')}`)
    : apply(layer.canvas, layer.name, x)
}

const rectified: LayerRule = layer => {
  const { canvas: c, name } = layer
  const x = only(layer)
  const slope = setting(layer, 'negative_slope', t.number, 0)
  const most = setting(layer, 'max_value', t.number, Number.POSITIVE_INFINITY)
  if (setting(layer, 'threshold', t.number, 0) !== 0)
    return refuse('unsupported-attribute', 'a threshold other than 0', 'threshold 0')
  if (most === Number.POSITIVE_INFINITY)
    return slope === 0 ? of('relu')(c, name, x) : of('leaky-relu', { alpha: slope })(c, name, x)
  if (slope === 0) return most === 6 ? of('relu6')(c, name, x) : of('clip', { alpha: 0, beta: most })(c, name, x)
  return like(x, c.builder.binary('minimum', of('leaky-relu', { alpha: slope })(c, name, x).node, scalar(c, most)))
}

const leaky: LayerRule = layer =>
  of('leaky-relu', { alpha: setting(layer, 'alpha', t.number, setting(layer, 'negative_slope', t.number, 0.3)) })(
    layer.canvas,
    layer.name,
    only(layer),
  )

const normalized: LayerRule = layer => {
  const x = only(layer)
  lastAxisOnly(layer, x)
  return softmax(layer.canvas, layer.name, x)
}

const bent: LayerRule = layer => {
  const x = only(layer)
  const settled = x.shape.length === 3 ? asMap(layer.canvas, x) : withChannels(layer.canvas, x)
  return prelu(layer.canvas, layer.name, like(x, settled), layer.weight('alpha'))
}

export const activationLayers: { readonly [className: string]: LayerRule } = {
  Activation: layer => activated(layer, only(layer)),
  ReLU: rectified,
  LeakyReLU: leaky,
  PReLU: bent,
  ELU: layer => of('elu', { alpha: setting(layer, 'alpha', t.number, 1) })(layer.canvas, layer.name, only(layer)),
  Softmax: normalized,
}
