import * as t from 'io-ts'
import { pool, poolAll } from '../convolution.ts'
import { poolingOf } from './convolution.ts'
import { channelsLast, type LayerRule, only, setting } from './layer.ts'

const windows =
  (kind: 'max' | 'mean'): LayerRule =>
  layer => {
    const { size, ...sliding } = poolingOf(layer)
    return pool(layer.canvas, layer.name, kind, only(layer), size, sliding)
  }

const everything =
  (kind: 'max' | 'mean'): LayerRule =>
  layer => {
    channelsLast(layer)
    return poolAll(layer.canvas, layer.name, kind, only(layer), setting(layer, 'keepdims', t.boolean, false))
  }

export const poolingLayers: { readonly [className: string]: LayerRule } = {
  MaxPooling2D: windows('max'),
  AveragePooling2D: windows('mean'),
  GlobalMaxPooling2D: everything('max'),
  GlobalAveragePooling2D: everything('mean'),
}
