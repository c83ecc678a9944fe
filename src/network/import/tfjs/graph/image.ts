import type { Pair } from '../../../../../ir/index.ts'
import { padded } from '../arrangement.ts'
import { asMap, example } from '../canvas.ts'
import { extentAtMost, poolAll } from '../convolution.ts'
import { refuse } from '../refusal.ts'
import { exampleAt, flag, type GraphRule, numberAt, numbersAt } from './node.ts'
import { fromFront } from './shape.ts'

/** A reduction over the pixels of an image. */
const overPixels =
  (kind: 'max' | 'mean'): GraphRule =>
  site => {
    const x = exampleAt(site, 0)
    const axes = [...fromFront(numbersAt(site, 1), x.shape.length + 1)].sort()
    return String(axes) === '1,2' && x.shape.length === 3
      ? poolAll(site.canvas, site.name, kind, x, flag(site, 'keep_dims') || flag(site, 'keepDims'))
      : refuse('unsupported-attribute', `a reduction over axes ${axes} of [batch, ${x.shape}]`, 'axes 1, 2 of an image')
  }

const pad: GraphRule = site => {
  const x = exampleAt(site, 0)
  const pads = numbersAt(site, 1)
  const value = site.inputs.length > 2 ? numberAt(site, 2) : 0
  const pairs = Array.from({ length: pads.length / 2 }, (_, axis): Pair => [pads[2 * axis], pads[2 * axis + 1]])
  const usable =
    pads.length === 8 && x.shape.length === 3 && pads.every(n => Number.isSafeInteger(n) && n >= 0 && n <= extentAtMost)
  if (!usable || pairs[0].some(n => n !== 0))
    return refuse(
      'unsupported-attribute',
      `pads [${pads}] of [batch, ${x.shape}]`,
      '[[0, 0], [top, bottom], [left, right], [channels before, after]]',
    )
  return padded(site.canvas, site.name, x, [pairs[1], pairs[2]], pairs[3], value)
}

const reverse: GraphRule = site => {
  const x = exampleAt(site, 0)
  const axes = [...fromFront(numbersAt(site, 1), x.shape.length + 1)].sort()
  const { builder: b } = site.canvas
  switch (x.shape.length === 3 ? String(axes) : 'none') {
    case '1':
      return example(site.canvas, b.act('flipv', asMap(site.canvas, x)))
    case '2':
      return example(site.canvas, b.act('flip', asMap(site.canvas, x)))
    case '1,2':
      return example(site.canvas, b.act('rot180', asMap(site.canvas, x)))
    default:
      return refuse('unsupported-attribute', `axes ${axes} of [batch, ${x.shape}] reversed`, 'axes 1 or 2 of an image')
  }
}

const resize =
  (method: 'linear' | 'nearest'): GraphRule =>
  site => {
    const { canvas: c, name } = site
    const x = exampleAt(site, 0)
    const size = numbersAt(site, 1)
    if (size.length !== 2 || size.some(n => !Number.isSafeInteger(n) || n < 1 || n > extentAtMost))
      return refuse('unsupported-shape', `size [${size}]`, 'rows and columns')
    const coordinates = flag(site, 'align_corners')
      ? 'align-corners'
      : flag(site, 'half_pixel_centers')
        ? 'half-pixel'
        : 'asymmetric'
    return example(c, c.builder.resize(asMap(c, x), [size[0], size[1]], { method, coordinates, name }))
  }

/** Ops on the pixels of an image that are no windows. */
export const imageOps: { readonly [op: string]: GraphRule } = {
  Mean: overPixels('mean'),
  Max: overPixels('max'),
  Pad: pad,
  PadV2: pad,
  ReverseV2: reverse,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
}
