import { type NodeId, type Pair, reduceElement, samePads, sameType } from '../../ir/index.ts'
import type { Choose } from './choose.ts'

import { apply, filter, type Site } from './site.ts'
import { drawTransform } from './transforms.ts'
import { drawUnary } from './unary.ts'

/** What takes the trunk of a network from one map to the next. */
export type Block = (s: Site, choose: Choose, x: NodeId) => NodeId

const activate: Block = (s, choose, x) => {
  const { fn, alpha, beta } = drawUnary(choose, 'anything', s.arithmetic)
  return s.b.unary(fn, x, { alpha, beta })
}

const normalize: Block = (s, choose, x) => apply(s, choose, 'BatchNorm', x)

const bias: Block = (s, choose, x) => s.b.add(x, s.parameter(choose, [s.mapOf(x).c], 'offset'))

const biasAndNormalize: Block = (s, choose, x) => normalize(s, choose, bias(s, choose, x))

/** What comes after a convolution: nothing, a bias, a batch norm or both, and then an activation or none. */
const settle: Block = (s, choose, x) => {
  const shifted = choose.pick<Block>([(_s, _choose, y) => y, bias, normalize, biasAndNormalize])(s, choose, x)
  return choose.oneIn(2) ? activate(s, choose, shifted) : shifted
}

/** A convolution that keeps the extents, or divides them by a stride and rounds up. */
const sameConvolution = (
  s: Site,
  choose: Choose,
  x: NodeId,
  outputs: number,
  strides: Pair = [1, 1],
  sizes: readonly number[] = [3, 1, 2],
): NodeId => {
  const { h, w, c } = s.mapOf(x)
  const size: Pair = [choose.pick(sizes), choose.pick(sizes)]
  const dilations: Pair = choose.oneIn(4) ? [2, 2] : [1, 1]
  const groups = outputs % c === 0 && choose.oneIn(4) ? c : 1
  return s.b.conv2d(x, filter(s, choose, [...size, c / groups, outputs]), {
    strides,
    dilations,
    groups,
    padding: [samePads(h, size[0], strides[0], dilations[0]), samePads(w, size[1], strides[1], dilations[1])],
  })
}

const convolution: Block = (s, choose, x) => settle(s, choose, apply(s, choose, 'Conv2d', x))

const grouped: Block = (s, choose, x) => {
  const wide = [4, 6].includes(s.mapOf(x).c) ? x : sameConvolution(s, choose, x, choose.pick([4, 6]), [1, 1], [1])
  return convolution(s, choose, wide)
}

/** Depthwise, with a multiplier where there is room, then pointwise. */
const separable: Block = (s, choose, x) => {
  const { h, w, c } = s.mapOf(x)
  const stride = choose.pick([1, 2])
  const outputs = c * (c <= 4 && choose.below(3) > 0 ? 2 : 1)
  const padding: readonly [Pair, Pair] = [samePads(h, 3, stride, 1), samePads(w, 3, stride, 1)]
  const spread = s.b.conv2d(x, filter(s, choose, [3, 3, 1, outputs]), { groups: c, strides: stride, padding })
  return settle(s, choose, sameConvolution(s, choose, settle(s, choose, spread), choose.pick([4, 2, 3]), [1, 1], [1]))
}

const pool: Block = (s, choose, x) => apply(s, choose, choose.pick(['MaxPool', 'MeanPool', 'MeanPool']), x)

const strided = (choose: Choose): Pair =>
  choose.pick([
    [1, 1],
    [2, 2],
    [2, 2],
    [2, 1],
    [1, 2],
  ])

/** Every stride-th pixel or the mean of what is between, and zeros for the new channels. */
const pooledShortcut = (s: Site, choose: Choose, x: NodeId, strides: Pair, outputs: number): NodeId => {
  const { h, w, c } = s.mapOf(x)
  const size: Pair = [h > 1 ? strides[0] : 1, w > 1 ? strides[1] : 1]
  const pooled = choose.pick([
    () => s.b.meanPool(x, size, { strides, ceil: true, countPadding: choose.oneIn(2) }),
    () => s.b.maxPool(x, 1, { strides }),
  ])()
  const extra = outputs - c
  if (extra < 0) return s.b.slice(pooled, 0, outputs)
  const before = Math.floor(extra / 2)
  return extra === 0
    ? pooled
    : s.b.pad(
        pooled,
        [
          [0, 0],
          [0, 0],
        ],
        { channels: [before, extra - before] },
      )
}

/** Convolutions beside a shortcut: the identity, a 1×1 convolution with the stride, or pooled and padded. */
const residual: Block = (s, choose, x) => {
  const { c } = s.mapOf(x)
  const strides = strided(choose)
  const keeps = strides[0] === 1 && strides[1] === 1
  const outputs = keeps && choose.oneIn(2) ? c : choose.pick([c, 4, 6, 2])
  const before = choose.oneIn(3) ? activate(s, choose, normalize(s, choose, x)) : x
  const first = settle(s, choose, sameConvolution(s, choose, before, outputs, strides, [3, 3, 1, 2, 5]))
  const body = choose.oneIn(2) ? first : settle(s, choose, sameConvolution(s, choose, first, outputs))
  const project: Block = (s, choose, x) => s.b.conv2d(x, filter(s, choose, [1, 1, c, outputs]), { strides, padding: 0 })
  const shortcut =
    keeps && outputs === c
      ? x
      : choose.pick([project, project, () => pooledShortcut(s, choose, x, strides, outputs)])(s, choose, x)
  const joined = choose.oneIn(2) ? s.b.add(body, shortcut) : s.b.add(shortcut, body)
  return choose.oneIn(2) ? activate(s, choose, joined) : joined
}

/** Two or three readers of one map, of one stride, side by side in channels. */
const inception: Block = (s, choose, x) => {
  const strides = choose.pick<Pair>([
    [1, 1],
    [1, 1],
    [2, 2],
  ])
  const { h, w, c } = s.mapOf(x)
  const padding: readonly [Pair, Pair] = [samePads(h, 3, strides[0], 1), samePads(w, 3, strides[1], 1)]
  const part = (): NodeId => {
    switch (
      choose.weighted([
        [3, 'convolution'],
        [2, 'pool'],
        [strides[0] === 1 && c <= 2 ? 2 : 0, 'itself'],
      ] as const)
    ) {
      case 'convolution':
        return settle(s, choose, sameConvolution(s, choose, x, choose.pick([2, 1, 3]), strides))
      case 'pool': {
        const pooled =
          choose.oneIn(2) || s.arithmetic === 'exact'
            ? s.b.maxPool(x, 3, { strides, padding })
            : s.b.meanPool(x, 3, { strides, padding, countPadding: choose.oneIn(2) })
        return c > 2 ? s.b.slice(pooled, choose.below(c - 1), 2) : pooled
      }
      case 'itself':
        return x
    }
  }
  return s.b.concat(Array.from({ length: choose.pick([2, 3]) }, part))
}

/** Channels weighed by what is in all of the map (squeeze and excite), either operand first. */
const channelGate: Block = (s, choose, x) => {
  const { c } = s.mapOf(x)
  const exact = s.arithmetic === 'exact'
  const squeezed = s.b.relu(
    s.b.dense(s.b.globalPool(x, exact ? 'max' : choose.pick(['mean', 'max'])), s.parameter(choose, [c, 2], 'weight')),
  )
  const excited = s.b.dense(squeezed, s.parameter(choose, [2, c], 'weight'))
  const gate = s.b.unflatten(exact ? s.b.unary('clip', excited, { alpha: 0, beta: 2 }) : s.b.unary('sigmoid', excited))
  return choose.oneIn(2) ? s.b.multiply(x, gate) : s.b.multiply(gate, x)
}

/** Pixels weighed by a map of one channel. */
const pixelGate: Block = (s, choose, x) => {
  const scores = sameConvolution(s, choose, x, 1)
  const exact = s.arithmetic === 'exact'
  // Of a gate with digits of its own, the product would have those of both: two gates in a row are too many.
  const gate = s.b.unary(exact ? 'step' : 'sigmoid', scores)
  return choose.oneIn(2) ? s.b.multiply(x, gate) : s.b.multiply(gate, x)
}

/** A shared tensor that stretches to the map: one number a channel, a row, a column or a pixel, on either side. */
const parameterized: Block = (s, choose, x) => {
  if (choose.oneIn(3)) return apply(s, choose, 'Binary', x)
  const { h, w, c } = s.mapOf(x)
  const shape = choose.pick([[h, w, c], [1, w, c], [h, 1, 1], [c]])
  const fn = choose.pick(['subtract', 'maximum', 'add'] as const)
  const offset = s.parameter(choose, shape, 'offset')
  return choose.oneIn(2) ? s.b.binary(fn, x, offset) : s.b.binary(fn, offset, x)
}

/** Functions that are finite on a sigmoid only. */
const guarded: Block = (s, choose, x) => {
  if (s.arithmetic === 'exact') return activate(s, choose, x)
  const { fn, alpha, beta } = drawUnary(choose, 'sigmoid', s.arithmetic)
  return s.b.unary(fn, s.b.unary('sigmoid', x), { alpha, beta })
}

/** Probabilities of each pixel's channels, or their logarithms. */
const pixelClasses: Block = (s, choose, x) =>
  s.arithmetic === 'exact' ? activate(s, choose, x) : s.b.softmax(x, { log: choose.oneIn(2) })

/** Pixels that find what they ask for in all pixels, and now and then in a token or an earlier map, too. */
const attended: Block = (s, choose, x) => {
  if (s.arithmetic === 'exact') return activate(s, choose, x)
  const pixelwise = (y: NodeId): NodeId => sameConvolution(s, choose, y, 2, [1, 1], [1])
  const token = (): NodeId => s.b.unflatten(s.b.globalPool(x, 'mean'))
  const other = (): NodeId => (choose.oneIn(2) ? token() : choose.pick(s.trunk))
  const maps = choose.pick([() => [x], () => [other(), x], () => [x, other()]])()
  const memory = maps.flatMap(map => [pixelwise(map), pixelwise(map)])
  const attributes = { heads: choose.pick([1, 2]), scale: choose.pick([0.5, 0.25]) }
  return s.b.draft.add('Attention', [pixelwise(x), ...memory], attributes)
}

/** Pixels that find what they ask for in their window, nearer ones rather than others. */
const attendedInWindows: Block = (s, choose, x) => {
  if (s.arithmetic === 'exact') return activate(s, choose, x)
  const { h, w } = s.mapOf(x)
  const [rows, columns] = [h, w].map(extent => choose.pick([1, 2, 3, extent].filter(n => extent % n === 0)))
  const heads = choose.pick([1, 2])
  const bias = s.parameter(choose, [2 * rows - 1, 2 * columns - 1, heads], 'weight')
  const maps = Array.from({ length: 3 }, () => sameConvolution(s, choose, x, 2, [1, 1], [1]))
  const partition = choose.pick(['blocks', 'grid'] as const)
  return s.b.draft.add('WindowAttention', [...maps, bias], { scale: choose.pick([0.5, 0.25]), partition })
}

const meet = (s: Site, choose: Choose, x: NodeId, y: NodeId): NodeId => {
  const fn = choose.pick(['add', 'maximum', 'subtract'] as const)
  return choose.oneIn(2) ? s.b.binary(fn, x, y) : s.b.binary(fn, y, x)
}

/** A map met by the mean or the largest of each pixel's channels. */
const pooledChannels: Block = (s, choose, x) => {
  const reduction = s.arithmetic === 'exact' ? 'max' : choose.pick(['mean', 'max'] as const)
  return meet(s, choose, x, s.b.draft.add('ChannelPool', [x], { reduction }))
}

/** A transposed convolution, up to twice as large where there is room. */
const upsampled: Block = (s, choose, x) => {
  const { h, w, c } = s.mapOf(x)
  const along = (extent: number) => {
    const [size, stride] = [choose.pick([2, 3, 1]), extent <= 4 ? choose.pick([2, 1]) : 1]
    const full = (extent - 1) * stride + size
    const pads: Pair =
      full > 2 && size > 1
        ? choose.pick([
            [0, 0],
            [1, 0],
            [0, 1],
            [1, 1],
          ] as const)
        : [0, 0]
    return { size, stride, pads, to: full - pads[0] - pads[1] }
  }
  const [rows, columns] = [along(h), along(w)]
  return s.b.draft.add(
    'Conv2dTranspose',
    [x, filter(s, choose, [rows.size, columns.size, choose.pick([2, 3, 1]), c])],
    {
      strides: [rows.stride, columns.stride],
      dilations: [1, 1],
      padding: [rows.pads, columns.pads],
      groups: 1,
      extents: [rows.to, columns.to],
    },
  )
}

/** A map and one of its lines beside it, as reflected and repeated borders are made. */
const bordered: Block = (s, choose, x) => {
  const { h, w } = s.mapOf(x)
  const none: Pair = [0, 0]
  const isRow = choose.oneIn(2)
  const extent = isRow ? h : w
  const at = choose.below(extent)
  const edges = (along: Pair): readonly [Pair, Pair] => (isRow ? [along, none] : [none, along])
  const [beside, far] = choose.pick<readonly [Pair, Pair]>([
    [
      [0, 1],
      [extent, 0],
    ],
    [
      [1, 0],
      [0, extent],
    ],
  ])
  const line = extent === 1 ? x : s.b.crop(x, edges([at, extent - 1 - at]))
  return meet(s, choose, s.b.pad(x, edges(beside)), s.b.pad(line, edges(far)))
}

/** One pixel as large as the map, which it meets. */
const stretched: Block = (s, choose, x) => {
  const { h, w } = s.mapOf(x)
  const pixel = s.b.unflatten(s.b.globalPool(x, s.arithmetic === 'exact' ? 'max' : choose.pick(['mean', 'max'])))
  return meet(s, choose, x, s.b.resize(pixel, [h, w], { method: 'nearest' }))
}

const resize: Block = (s, choose, x) => apply(s, choose, 'Resize', x)

/** Down to half the extents and up again, beside the map itself, as a U-Net; now and then with another such level inside. */
const hourglass: Block = (s, choose, x) => {
  const level = (y: NodeId, deeper: boolean): NodeId => {
    const { h, w, c } = s.mapOf(y)
    const half: Pair = [h > 1 ? 2 : 1, w > 1 ? 2 : 1]
    const inner = settle(s, choose, sameConvolution(s, choose, s.b.maxPool(y, half, { strides: half, ceil: true }), c))
    const low = deeper ? level(inner, false) : inner
    const from = s.mapOf(low)
    const [rows, columns] = [from.h * half[0], from.w * half[1]]
    const up = s.b.resize(low, [rows, columns], { method: choose.pick(['linear', 'nearest']) })
    const cropped =
      rows === h && columns === w
        ? up
        : s.b.crop(up, [
            [0, rows - h],
            [0, columns - w],
          ])
    if (from.c === c && choose.oneIn(2)) return s.b.add(y, cropped)
    return sameConvolution(s, choose, s.b.concat(choose.oneIn(2) ? [y, cropped] : [cropped, y]), c)
  }
  return level(x, choose.oneIn(3))
}

const border: Block = (s, choose, x) => apply(s, choose, 'Pad', x)

/** Some channels alone, or all of them in another order. */
const channels: Block = (s, choose, x) => {
  const { c } = s.mapOf(x)
  if (c === 1 || choose.oneIn(3)) return apply(s, choose, 'Slice', x)
  const at = 1 + choose.below(c - 1)
  return s.b.concat([s.b.slice(x, at, c - at), s.b.slice(x, 0, at)])
}

/** The map met again where it, or one of its type, came before. */
const skip: Block = (s, choose, x) => {
  const alike = s.trunk.filter(earlier => sameType(s.typeOf(earlier), s.typeOf(x)))
  const other = alike.length === 0 ? x : choose.pick(alike)
  const fn = choose.pick(['add', 'maximum', 'subtract', 'minimum'] as const)
  return s.b.binary(fn, activate(s, choose, x), other)
}

const transposed: Block = (s, choose, x) => apply(s, choose, 'Transpose', x)

/** A transform of the map, one of both sides of a sum, or one of one side alone. */
export const transformed: Block = (s, choose, x) => {
  const { h, w } = s.mapOf(x)
  const exact = s.arithmetic === 'exact'
  const transform = drawTransform(choose, 'allowed', exact)
  const moved = s.b.transform(transform, x)
  if (choose.oneIn(3)) {
    const other = s.b.transform(transform, activate(s, choose, x))
    return choose.oneIn(2) ? s.b.add(moved, other) : s.b.concat([s.b.slice(moved, 0, 1), s.b.slice(other, 0, 1)])
  }
  const turns = transform.kind === 'd4' && reduceElement(transform.element, [h, w]) !== 'id'
  return turns && sameType(s.typeOf(moved), s.typeOf(x)) && choose.oneIn(3) ? s.b.add(x, moved) : moved
}

/** The blocks of a network, by how often they come. */
export const blocks: readonly (readonly [weight: number, block: Block])[] = [
  [1, activate],
  [8, convolution],
  [1, normalize],
  [12, pool],
  [6, residual],
  [4, grouped],
  [4, separable],
  [3, inception],
  [3, channelGate],
  [2, pixelGate],
  [9, parameterized],
  [1, guarded],
  [2, pixelClasses],
  [2, attended],
  [2, attendedInWindows],
  [4, resize],
  [6, border],
  [2, channels],
  [2, skip],
  [2, transposed],
  [2, pooledChannels],
  [2, upsampled],
  [3, bordered],
  [2, stretched],
  [4, hourglass],
]
