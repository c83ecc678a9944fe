import * as t from 'io-ts'
import { unary } from '../arithmetic.ts'
import { depthToSpace } from '../blocks.ts'
import type { Example } from '../canvas.ts'
import { type LayerRule, only, setting } from './layer.ts'

/** A residual made smaller. */
const multiplied: LayerRule = layer => {
  const alpha = setting(layer, 'beta', t.number, 0.2)
  return unary(layer.canvas, layer.name, 'affine', only(layer), { alpha }) as Example
}

const shuffled =
  (times: number): LayerRule =>
  layer =>
    depthToSpace(layer.canvas, layer.name, only(layer), times)

/** Layers that UpscalerJS has beside Keras's, by whose names its models call them. */
export const upscalerLayers: { readonly [className: string]: LayerRule } = {
  MultiplyBeta: multiplied,
  PixelShuffle2x: shuffled(2),
  PixelShuffle3x: shuffled(3),
  PixelShuffle4x: shuffled(4),
  PixelShuffle8x: shuffled(8),
}
