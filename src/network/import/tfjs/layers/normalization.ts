import * as t from 'io-ts'
import { binary } from '../arithmetic.ts'
import { type Constant, type Example, like, withChannels } from '../canvas.ts'
import { shifted, standardized } from '../reductions.ts'
import { refuse } from '../refusal.ts'
import { constants, type LayerRule, lastAxisOnly, only, setting } from './layer.ts'

const batchNormalization: LayerRule = layer => {
  const { canvas: c, name } = layer
  const x = only(layer)
  lastAxisOnly(layer, x)
  const channels = x.shape.at(-1) ?? 1
  const statistic = (weight: string): number => {
    const found = layer.weight(weight)
    return c.parameter(found.name, found.value)
  }
  const constant = (weight: string, value: number): number =>
    c.table(`${name}/${weight}`, { shape: [channels], data: new Float32Array(channels).fill(value) })
  const scale = setting(layer, 'scale', t.boolean, true) ? statistic('gamma') : constant('gamma', 1)
  const offset = setting(layer, 'center', t.boolean, true) ? statistic('beta') : constant('beta', 0)
  const epsilon = setting(layer, 'epsilon', t.number, 1e-3)
  const statistics = [scale, offset, statistic('moving_mean'), statistic('moving_variance')] as const
  return like(x, c.builder.batchNorm(withChannels(c, x), statistics, epsilon, name))
}

const rescaling: LayerRule = layer => {
  const { canvas: c, name } = layer
  const larger = binary(c, name, 'multiply', only(layer), constants(layer, 'scale', 1))
  return binary(c, name, 'add', larger, constants(layer, 'offset', 0)) as Example
}

/** `(x − mean) / max(√variance, 1e-7)`, with statistics from the configuration or else among the weights. */
const normalization: LayerRule = layer => {
  const { canvas: c, name, config } = layer
  const x = only(layer)
  lastAxisOnly(layer, x)
  if (setting(layer, 'invert', t.boolean, false)) refuse('unsupported-attribute', 'invert', 'a normalization forwards')
  const statistic = (key: 'mean' | 'variance'): Constant =>
    config[key] === undefined || config[key] === null ? { ...layer.weight(key), fixed: true } : constants(layer, key, 0)
  const { value: variance } = statistic('variance')
  const deviation: Constant = {
    kind: 'constant',
    name: `${name}/deviation`,
    value: { shape: variance.shape, data: Float64Array.from(variance.data, v => Math.max(Math.sqrt(v), 1e-7)) },
    fixed: true,
  }
  return binary(c, name, 'divide', binary(c, name, 'subtract', x, statistic('mean')), deviation) as Example
}

/** Over the last axis, or over all of an example. */
const layerNormalization: LayerRule = layer => {
  const { canvas: c, name } = layer
  const x = only(layer)
  const rank = x.shape.length
  const given = setting<number | readonly number[]>(layer, 'axis', t.union([t.number, t.array(t.number)], 'axes'), -1)
  const axes = [given].flat().map(axis => (axis < 0 ? axis + rank : axis - 1))
  const isSuffix = axes.length > 0 && axes.every((axis, k) => axis === rank - axes.length + k)
  if (!isSuffix) return refuse('unsupported-attribute', `axis ${given}`, 'the last axes, in their order')
  const epsilon = setting(layer, 'epsilon', t.number, 1e-3)
  const scale = setting(layer, 'scale', t.boolean, true) ? layer.weight('gamma') : undefined
  const offset = setting(layer, 'center', t.boolean, true) ? layer.weight('beta') : undefined
  return shifted(c, name, standardized(c, name, x, axes, epsilon), scale, offset)
}

/** Of ConvNeXt: a number for each channel. */
const layerScale: LayerRule = layer =>
  binary(layer.canvas, layer.name, 'multiply', only(layer), layer.weight('gamma', 'variable')) as Example

export const normalizationLayers: { readonly [className: string]: LayerRule } = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  LayerScale: layerScale,
  Rescaling: rescaling,
  Normalization: normalization,
}
