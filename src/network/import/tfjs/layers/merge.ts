import * as t from 'io-ts'
import type { BinaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { binary, scaled } from '../arithmetic.ts'
import { concat } from '../arrangement.ts'
import type { Example } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import { type Layer, type LayerRule, setting } from './layer.ts'

const merged = ({ canvas, name, inputs }: Layer, fn: BinaryFunction): Example =>
  inputs.length < 2
    ? refuse('malformed-file', `${inputs.length} inputs`, 'two or more')
    : inputs.reduce((a, b) => binary(canvas, name, fn, a, b) as Example)

const of =
  (fn: BinaryFunction): LayerRule =>
  layer =>
    merged(layer, fn)

export const mergeLayers: { readonly [className: string]: LayerRule } = {
  Add: of('add'),
  Subtract: layer =>
    layer.inputs.length === 2
      ? merged(layer, 'subtract')
      : refuse('malformed-file', `${layer.inputs.length} inputs`, 'two'),
  Multiply: of('multiply'),
  Maximum: of('maximum'),
  Minimum: of('minimum'),
  Average: layer => scaled(layer.canvas, merged(layer, 'add'), 1 / layer.inputs.length),
  /** Of Inception-ResNet: the second input times a number added to the first. */
  CustomScaleLayer: layer => {
    const { canvas: c, name, inputs } = layer
    return inputs.length === 2
      ? (binary(c, name, 'add', inputs[0], scaled(c, inputs[1], setting(layer, 'scale', t.number, 1))) as Example)
      : refuse('malformed-file', `${inputs.length} inputs`, 'two')
  },
  Concatenate: layer => concat(layer.canvas, layer.name, layer.inputs, setting(layer, 'axis', t.number, -1)) as Example,
}
