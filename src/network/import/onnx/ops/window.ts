import { samePads } from '../../../../../ir/build.ts'
import type { NodeId } from '../../../../../ir/graph.ts'
import type { Pair } from '../../../../../ir/op.ts'
import type { Padding } from '../../../../../ir/ops/window.ts'
import { limits, shapeOf } from '../../../../../ir/type.ts'
import { asImage } from '../arrange.ts'
import { timesTable } from '../channels.ts'
import type { Constant } from '../constant.ts'
import { constantAt, type OnnxNode, optionalAt, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { arrangedParameter, exampleType, type Rule, type Translation } from '../translation.ts'
import { nchw, printDims, type View, viewOf, withAxes } from '../view.ts'

const pairOf = (values: readonly number[], name: string): Pair =>
  values.length === 2
    ? [counted(values[0], name), counted(values[1], name)]
    : refuse('unsupported-attribute', `${name} = ${printDims(values)}`, 'two extents: images only')

const counted = (value: number, name: string): number =>
  value >= 1 && value <= limits.mapExtent
    ? value
    : refuse('unsupported-attribute', `${name} of ${value}`, `1 to ${limits.mapExtent}`)

/** What a node says of the axis of a row `[n, c, l]`, said of an image of one row. */
const ofImage = (node: OnnxNode): OnnxNode => ({
  ...node,
  ints: name => {
    const given = node.ints(name)
    if (given?.length === 1) return [1, ...given]
    return name === 'pads' && given?.length === 2 ? [0, given[0], 0, given[1]] : given
  },
})

/** A rule for images, for rows of numbers too. */
const forRows =
  (rule: Rule): Rule =>
  (node, t) => {
    const x = viewAt(node, 0)
    if (x.axes.length !== 3) return rule(node, t)
    const [n, c, l] = x.axes
    const inputs = node.inputs.map((input, at) => (at === 1 && input?.kind === 'constant' ? asRows(input) : input))
    const [y] = rule({ ...ofImage(node), inputs: [withAxes(x, [n, c, [], l]), ...inputs.slice(1)] }, t) as [View]
    return [
      withAxes(
        y,
        y.axes.filter((_, axis) => axis !== 2),
      ),
    ]
  }

const asRows = (filter: Constant): Constant =>
  filter.dims.length === 3 ? { ...filter, dims: [filter.dims[0], filter.dims[1], 1, filter.dims[2]] } : filter

const automaticPads = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'] as const

/** Whether a node gives its pads, has none, or as many as keep the extents but for strides: an odd one behind (upper) or before. */
const automaticOf = (node: OnnxNode): (typeof automaticPads)[number] => {
  const given = node.text('auto_pad', 'NOTSET')
  return (
    automaticPads.find(name => name === given) ??
    refuse('unsupported-attribute', `auto_pad = ${given}`, 'NOTSET, VALID, SAME_UPPER or SAME_LOWER')
  )
}

const pacesOf = (node: OnnxNode): { readonly strides: Pair; readonly dilations: Pair } => ({
  strides: pairOf(node.ints('strides') ?? [1, 1], 'strides'),
  dilations: pairOf(node.ints('dilations') ?? [1, 1], 'dilations'),
})

/** How a convolution's or a pooling's window moves over an image of these extents. */
const slideOf = (
  node: OnnxNode,
  extents: readonly number[],
  size: Pair,
): { readonly strides: Pair; readonly dilations: Pair; readonly padding: Padding } => {
  const { strides, dilations } = pacesOf(node)
  const pads = node.ints('pads') ?? [0, 0, 0, 0]
  const automatic = automaticOf(node)
  if (pads.some(pad => Math.abs(pad) > limits.mapExtent))
    return refuse('unsupported-attribute', `pads = ${printDims(pads)}`, `at most ${limits.mapExtent}`)
  if (pads.length !== 4) return refuse('unsupported-attribute', `pads = ${printDims(pads)}`, 'four, for images')
  const along = (axis: 0 | 1): Pair => {
    const same = samePads(extents[axis], size[axis], strides[axis], dilations[axis])
    switch (automatic) {
      case 'NOTSET':
        return [pads[axis], pads[axis + 2]]
      case 'VALID':
        return [0, 0]
      case 'SAME_UPPER':
        return same
      case 'SAME_LOWER':
        return [same[1], same[0]]
    }
  }
  return { strides, dilations, padding: [along(0), along(1)] }
}

/** Crops one after another, of which a window takes this many on itself. */
const cropsAtMost = 8

/** A crop before a window is the window's own, as a negative pad. */
const withCrop = <S extends { readonly padding: Padding }>(
  t: Translation,
  x: NodeId,
  slide: S,
): { readonly x: NodeId; readonly slide: S } => {
  let at = { x, slide }
  for (let k = 0; k < cropsAtMost; k++) {
    const node = t.build.draft.nodes[at.x]
    if (node.tag !== 'Pad' || node.attributes.channels.some(pad => pad !== 0)) return at
    const crop = node.attributes.padding
    const { padding: own } = at.slide
    const free = crop.every((sides, axis) =>
      sides.every((pad, side) => pad === 0 || (pad < 0 && own[axis][side] === 0)),
    )
    if (!free) return at
    const padding = own.map((sides, axis) => sides.map((pad, side) => pad + crop[axis][side])) as never
    at = { x: node.operands[0], slide: { ...at.slide, padding } }
  }
  return at
}

/** The filter of a node, its input 1, laid out as `[r, s, …]`, and the extents of its window; `channels` says what it has before those. */
const filterOf = (
  node: OnnxNode,
  t: Translation,
  channels: string,
): { readonly filter: NodeId; readonly size: Pair } => {
  const weights = constantAt(node, 1)
  if (weights.dims.length !== 4)
    return refuse(
      'unsupported-shape',
      `a filter ${printDims(weights.dims)}`,
      `one for images, [${channels}, rows, columns]`,
    )
  const [, , r, s] = weights.dims
  const size = pairOf(node.ints('kernel_shape') ?? [r, s], 'kernel_shape')
  if (size[0] !== r || size[1] !== s)
    return refuse('malformed-file', `kernel_shape ${printDims(size)}`, `the filter's extents, [${r},${s}]`)
  return { filter: arrangedParameter(t, weights, weights.dims, [2, 3, 1, 0]), size }
}

const conv: Rule = (node, t) => {
  const image = asImage(t, viewAt(node, 0))
  const { filter, size } = filterOf(node, t, 'out, in/groups')
  const { x, slide } = withCrop(t, image, slideOf(node, shapeOf(exampleType(t, image)), size))
  const y = t.build.conv2d(x, filter, { ...slide, groups: node.int('group', 1), name: node.name })
  return [viewOf(addBias(t, node, y, 2), exampleType(t, y), nchw)]
}

/** Pads of a transposed convolution and the extents that it gives. */
const transposedSlide = (
  node: OnnxNode,
  input: readonly number[],
  size: Pair,
): { readonly strides: Pair; readonly dilations: Pair; readonly padding: Padding; readonly extents: Pair } => {
  const { strides, dilations } = pacesOf(node)
  const beyond = node.ints('output_padding') ?? [0, 0]
  const wanted = node.ints('output_shape')?.slice(-2)
  const given = node.ints('pads') ?? [0, 0, 0, 0]
  const automatic = automaticOf(node)
  if (given.length !== 4 || beyond.length !== 2 || [...given, ...beyond].some(pad => pad < 0 || pad > limits.mapExtent))
    return refuse(
      'unsupported-attribute',
      `pads = ${printDims(given)}, output_padding = ${printDims(beyond)}`,
      'four from 0, and two',
    )
  const along = (axis: 0 | 1): { readonly pads: Pair; readonly extent: number } => {
    const unpadded = strides[axis] * (input[axis] - 1) + beyond[axis] + (size[axis] - 1) * dilations[axis] + 1
    const extent = wanted?.[axis] ?? (automatic.startsWith('SAME') ? input[axis] * strides[axis] : undefined)
    if (extent === undefined) {
      const pads: Pair = automatic === 'VALID' ? [0, 0] : [given[axis], given[axis + 2]]
      return { pads, extent: unpadded - pads[0] - pads[1] }
    }
    const total = unpadded - extent
    if (total < 0) return refuse('unsupported-attribute', `an output of ${extent}`, `at most ${unpadded}`)
    const less = Math.floor(total / 2)
    return { pads: automatic === 'SAME_UPPER' ? [less, total - less] : [total - less, less], extent }
  }
  const [rows, columns] = [along(0), along(1)]
  if (!(rows.extent >= 1 && columns.extent >= 1))
    return refuse('unsupported-shape', `an output of ${rows.extent}×${columns.extent}`, 'at least one pixel')
  return { strides, dilations, padding: [rows.pads, columns.pads], extents: [rows.extent, columns.extent] }
}

/** The filter `[in, out/groups, rows, columns]` is that of the convolution whose gradient it is. */
const convTranspose: Rule = (node, t) => {
  const image = asImage(t, viewAt(node, 0))
  const { filter, size } = filterOf(node, t, 'in, out/groups')
  const slide = transposedSlide(node, shapeOf(exampleType(t, image)), size)
  const attributes = { ...slide, groups: node.int('group', 1) }
  const y = t.build.draft.add('Conv2dTranspose', [image, filter], attributes, node.name)
  return [viewOf(addBias(t, node, y, 2), exampleType(t, y), nchw)]
}

/** Adds a vector of biases where the node has one as its input `at`. */
export const addBias = (t: Translation, node: OnnxNode, y: number, at: number): number => {
  const bias = optionalAt(node, at)
  if (bias === undefined) return y
  const { c } = exampleType(t, y)
  return bias.values.length === c
    ? t.build.binary('add', y, arrangedParameter(t, bias, [c]), `${node.name}/bias`)
    : refuse('wrong-weights', `biases ${printDims(bias.dims)}`, `${c}, one for each output`)
}

const isPadded = (node: OnnxNode): boolean =>
  node.ints('pads')?.some(pad => pad !== 0) === true || automaticOf(node) !== 'NOTSET'

/** A pooling's window, no larger than the map where only by rounding up it is the one that there is room for: what is beyond the map does not count. */
const windowWithin = (node: OnnxNode, size: Pair, extents: readonly number[]): Pair => {
  const { strides, dilations } = pacesOf(node)
  if (isPadded(node) || node.int('ceil_mode', 0) === 0) return size
  const along = (axis: 0 | 1): number => {
    const over = size[axis] - extents[axis]
    return dilations[axis] === 1 && over > 0 && over < strides[axis] ? extents[axis] : size[axis]
  }
  return [along(0), along(1)]
}

const pool =
  (kind: 'max' | 'mean'): Rule =>
  (node, t) => {
    const image = asImage(t, viewAt(node, 0))
    const extents = shapeOf(exampleType(t, image))
    const size = windowWithin(node, pairOf(node.ints('kernel_shape') ?? [], 'kernel_shape'), extents)
    // One window of the whole map has nowhere to go, and nothing to round.
    const isWhole = size.every((side, axis) => side === extents[axis]) && !isPadded(node)
    const ceil = node.int('ceil_mode', 0) !== 0 && !isWhole
    const own = slideOf(node, extents, size)
    const [pad] = own.padding.flatMap((sides, axis) => sides.filter(side => side >= size[axis]))
    if (pad !== undefined) return refuse('malformed-file', `pads of ${pad}`, `under the window's ${size.join('×')}`)
    const { x, slide } = ceil ? { x: image, slide: own } : withCrop(t, image, own)
    const options = { ...slide, ...(isWhole ? { strides: [1, 1] as Pair } : {}), ceil, name: node.name }
    const countPadding = node.int('count_include_pad', 0) !== 0
    node.disregard('storage_order')
    const y =
      kind === 'max' ? t.build.maxPool(x, size, options) : t.build.meanPool(x, size, { ...options, countPadding })
    return [viewOf(y, exampleType(t, y), nchw)]
  }

/** A mean pool of `[n, 1, c, h, w]` that slides along `c` alone: sums over neighbouring channels, as local response normalizations are exported. */
const alongChannels =
  (rule: Rule): Rule =>
  (node, t) => {
    const x = viewAt(node, 0)
    const size = node.ints('kernel_shape') ?? []
    if (x.axes.length !== 5 || size.length !== 3) return rule(node, t)
    const [n, one, c, h, w] = x.axes
    const strides = node.ints('strides') ?? [1, 1, 1]
    const pads = node.ints('pads') ?? [0, 0, 0, 0, 0, 0]
    const isPlain = [...strides, ...size.slice(1)].every(extent => extent === 1) && pads.every(p => p === 0)
    node.disregard('ceil_mode', 'count_include_pad', 'auto_pad')
    if (!isPlain || one === 'n' || one.length > 0 || node.ints('dilations')?.some(d => d !== 1) === true)
      return refuse(
        'unsupported-shape',
        `a window of ${size.join('×')}`,
        'a window over neighbouring channels, or over an image',
      )
    const image = asImage(t, withAxes(x, [n, c, h, w]))
    const { c: channels } = exampleType(t, image)
    const outputs = channels - size[0] + 1
    const share = (from: number, to: number): number => (from >= to && from < to + size[0] ? 1 / size[0] : 0)
    const y = timesTable(t, image, { name: `means of ${size[0]} neighbours`, outputs, numberAt: share }, node.name)
    const [batch, ...axes] = viewOf(y, exampleType(t, y), nchw).axes
    return [{ kind: 'view', node: y, axes: [batch, [], ...axes] }]
  }

export const windows: Readonly<Record<string, Rule>> = {
  Conv: forRows(conv),
  ConvTranspose: convTranspose,
  MaxPool: forRows(pool('max')),
  AveragePool: alongChannels(forRows(pool('mean'))),
}
