import type { Rule } from '../translation.ts'
import { attentions } from './attention.ts'
import { concat } from './concat.ts'
import { normalizations } from './normalizations.ts'
import { pad } from './pad.ts'
import { parts } from './parts.ts'
import { pointwise } from './pointwise.ts'
import { products } from './products.ts'
import { reductions } from './reductions.ts'
import { expand, tile } from './repeat.ts'
import { resizing } from './resize.ts'
import { shapes } from './shape.ts'
import { windows } from './window.ts'

/** How each ONNX op that may depend on the image is said in the IR. */
export const rules: Readonly<Record<string, Rule>> = {
  ...windows,
  ...products,
  ...attentions,
  ...pointwise,
  ...reductions,
  ...normalizations,
  ...shapes,
  ...parts,
  ...resizing,
  Concat: concat,
  Pad: pad,
  Expand: expand,
  Tile: tile,
}
