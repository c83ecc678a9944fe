import { type Pair, sizeOf } from '../../../../../ir/index.ts'
import { borderAtMost, bordered, hasBorder } from '../../bordered.ts'
import { unary } from '../arithmetic.ts'
import { padded } from '../arrangement.ts'
import { depthToSpace, spaceToDepth } from '../blocks.ts'
import { asMap, type Example, example, reshaped } from '../canvas.ts'
import { extentAtMost } from '../convolution.ts'
import { reduced } from '../reductions.ts'
import { refuse } from '../refusal.ts'
import { channelsLast } from './convolution.ts'
import { exampleAt, flag, type GraphRule, integer, numberAt, numbersAt, type Site, text } from './node.ts'
import { fromFront } from './shape.ts'

/** A reduction over axes of an example, and what becomes of a number that stands for `count`. */
const over =
  (kind: 'max' | 'mean', after: (site: Site, x: Example, count: number) => Example = (_, x) => x): GraphRule =>
  site => {
    const x = exampleAt(site, 0)
    const axes = fromFront(numbersAt(site, 1), x.shape.length + 1).map(axis => axis - 1)
    const keeps = flag(site, 'keep_dims') || flag(site, 'keepDims')
    const whole = reduced(site.canvas, site.name, kind, x, axes)
    const count = sizeOf(axes.map(axis => x.shape[axis]))
    const y = after(site, whole, count)
    return keeps ? y : reshaped(y, [Number.NaN, ...y.shape.filter((_, axis) => !axes.includes(axis))])
  }

const times = ({ canvas: c, name }: Site, x: Example, count: number): Example =>
  unary(c, name, 'affine', x, { alpha: count }) as Example

/** Pixels beyond the edges, mirrored at the outermost ones or with them. */
const mirrorPad: GraphRule = site => {
  const x = exampleAt(site, 0)
  const [n0, n1, top, bottom, left, right, c0, c1] = numbersAt(site, 1)
  const mode = text(site, 'mode', 'REFLECT')
  const border = mode === 'SYMMETRIC' ? 'symmetric' : 'reflect'
  const padding = [
    [top, bottom],
    [left, right],
  ] as const
  if (x.shape.length !== 3 || [n0, n1, c0, c1].some(n => n !== 0) || !hasBorder(x.shape, padding, border))
    return refuse(
      'unsupported-attribute',
      `a ${mode} border of [batch, ${x.shape}]`,
      `rows and columns, at most ${borderAtMost}`,
    )
  return example(site.canvas, bordered(site.canvas.builder, asMap(site.canvas, x), padding, border))
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

const imageAt = (site: Site): Example => {
  channelsLast(site)
  return exampleAt(site, 0)
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
  Mean: over('mean'),
  Max: over('max'),
  Sum: over('mean', times),
  Pad: pad,
  PadV2: pad,
  MirrorPad: mirrorPad,
  DepthToSpace: site => depthToSpace(site.canvas, site.name, imageAt(site), integer(site, 'block_size', 2)),
  SpaceToDepth: site => spaceToDepth(site.canvas, site.name, imageAt(site), integer(site, 'block_size', 2)),
  ReverseV2: reverse,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
}
