import type { NodeId } from '../../../../../ir/graph.ts'
import type { Pair } from '../../../../../ir/op.ts'
import type { UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { asVector } from '../arrange.ts'
import { broadcast } from '../broadcast.ts'
import { channelOrder, permuteChannels, timesTable } from '../channels.ts'
import { axesOf, axisOf, type OnnxNode, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Atom, type Axis, extentOf, isWhole, type Of, type View, whole, withAxes, withNode } from '../view.ts'
import { meanOf } from './pointwise.ts'

type Reduced = 'mean' | 'max'

/** The most groups of channels that are reduced one by one. */
const groupsAtMost = 64

/** Channels whose digits `kept` are the same, reduced to one. */
const reduceDigits = (
  t: Translation,
  node: NodeId,
  kept: readonly Atom[],
  taken: readonly Atom[],
  kind: Reduced,
  name: string,
): NodeId => {
  const type = exampleType(t, node)
  const [size, count] = [extentOf(kept), extentOf(taken)]
  if (size * count !== type.c) return refuse('unsupported-shape', 'a reduction over a part of the channels', 'all')
  const order = channelOrder([...taken, ...kept])
  const isSorted = order.every((channel, k) => channel === k)
  if (kind === 'mean' && (count > groupsAtMost || !isSorted)) {
    const group = new Int32Array(type.c)
    order.forEach((channel, k) => {
      group[channel] = k % size
    })
    const digits = kept.map(({ extent, stride }) => `${extent}:${stride}`).join()
    const share = (from: number, to: number): number => (group[from] === to ? 1 / count : 0)
    return timesTable(t, node, { name: `means ${digits}`, outputs: size, numberAt: share }, name)
  }
  if (count > groupsAtMost) return refuse('unsupported-shape', `${count} groups of channels`, `at most ${groupsAtMost}`)
  const sorted = permuteChannels(t, node, order)
  const groups = Array.from({ length: count }, (_, k) => t.build.slice(sorted, k * size, size))
  const all = groups.reduce((a, b) => t.build.binary(kind === 'mean' ? 'add' : 'maximum', a, b, name))
  return kind === 'mean' ? t.build.unary('affine', all, { alpha: 1 / count }, name) : all
}

/** A value reduced over all that some atoms stand for; the others stay what they are. */
const reduceAtoms = (
  t: Translation,
  node: NodeId,
  kept: readonly Atom[],
  taken: readonly Atom[],
  kind: Reduced,
  name: string,
): NodeId => {
  const type = exampleType(t, node)
  const along = (of: Of): 'all' | 'none' | 'some' => {
    if (!taken.some(atom => atom.of === of)) return 'none'
    return kept.some(atom => atom.of === of) ? 'some' : 'all'
  }
  const [h, w, c] = [along('h'), along('w'), along('c')]
  if (h === 'some' || w === 'some')
    return refuse('unsupported-shape', 'a reduction over parts of rows or columns', 'whole spatial axes')
  const pixels = (): NodeId => {
    if (type.kind !== 'Map' || (h === 'none' && w === 'none')) return node
    const isOne = (of: 'h' | 'w', reduced: string): boolean => reduced === 'all' || type[of] === 1
    if (isOne('h', h) && isOne('w', w)) return t.build.globalPool(node, kind, name)
    const size: Pair = [h === 'all' ? type.h : 1, w === 'all' ? type.w : 1]
    return kind === 'mean'
      ? t.build.meanPool(node, size, { strides: size, name })
      : t.build.maxPool(node, size, { strides: size, name })
  }
  const channels = (atoms: readonly Atom[]): readonly Atom[] => atoms.filter(atom => atom.of === 'c')
  if (c === 'none') return pixels()
  return c === 'all'
    ? t.build.channelPool(pixels(), kind, name)
    : reduceDigits(t, pixels(), channels(kept), channels(taken), kind, name)
}

/** Where each digit of channels stands when others are gone: the strides of those that are left. */
const withoutDigits = (kept: readonly Atom[]): ReadonlyMap<Atom, Atom> => {
  let stride = 1
  return new Map(
    kept
      .filter(atom => atom.of === 'c')
      .toReversed()
      .map(atom => {
        const moved = { ...atom, stride }
        stride *= atom.extent
        return [atom, moved] as const
      }),
  )
}

/** A view reduced over some of its axes, which it keeps with an extent of 1 or not. */
export const reduceView = (
  t: Translation,
  node: Pick<OnnxNode, 'name' | 'output'>,
  view: View,
  axes: readonly number[],
  kind: Reduced,
  keep: boolean,
): View => {
  if (axes.some(axis => view.axes[axis] === 'n'))
    return refuse('unsupported-shape', 'a reduction over the batch', 'one over axes of an example')
  const { stack } = view
  if (kind === 'mean' && !keep && stack !== undefined && axes.length === 1 && axes[0] === stack.axis) {
    const mean = meanOf(
      t,
      stack.parts.map(part => ({ ...part, axes: part.axes.filter((_, k) => k !== stack.axis) })),
      node.output,
    )
    return mean
  }
  const atomsOf = (wanted: boolean): readonly Atom[] =>
    view.axes.flatMap((axis, k) => (axis === 'n' || axes.includes(k) !== wanted ? [] : axis))
  const [kept, taken] = [atomsOf(false), atomsOf(true)]
  const reduced = taken.length === 0 ? view.node : reduceAtoms(t, view.node, kept, taken, kind, node.name)
  const digits = taken.some(atom => atom.of === 'c') ? withoutDigits(kept) : new Map<Atom, Atom>()
  const left = view.axes.flatMap((axis, k): readonly Axis[] => {
    if (axis === 'n') return [axis]
    if (axes.includes(k)) return keep ? [[]] : []
    return [axis.map(atom => digits.get(atom) ?? atom)]
  })
  return { kind: 'view', node: reduced, axes: left }
}

const reduction =
  (kind: Reduced): Rule =>
  (node, t) => {
    const view = viewAt(node, 0)
    const keep = node.int('keepdims', 1) !== 0
    const axes = axesOf(node, 1)
    const none = node.int('noop_with_empty_axes', 0) !== 0
    if (axes === undefined || axes.length === 0)
      return none ? [view] : refuse('unsupported-attribute', 'a reduction over all axes', 'axes of an example')
    const rank = view.axes.length
    return [
      reduceView(
        t,
        node,
        view,
        axes.map(axis => axisOf(axis, rank)),
        kind,
        keep,
      ),
    ]
  }

/** A reduction said by the mean or the maximum: what numbers go in, and what becomes of one that stands for `count`. */
const reducedBy =
  (
    kind: Reduced,
    before: UnaryFunction | null,
    after: (x: NodeId, count: number, t: Translation, name: string) => NodeId,
  ): Rule =>
  (node, t) => {
    const given = viewAt(node, 0)
    const view = before === null ? given : withNode(given, t.build.unary(before, given.node, {}, node.name))
    const axes = (axesOf(node, 1) ?? []).map(axis => axisOf(axis, view.axes.length))
    const [reduced] = reduction(kind)({ ...node, inputs: [view, ...node.inputs.slice(1)] }, t) as readonly [View]
    const count = extentOf(axes.flatMap(axis => view.axes[axis] as readonly Atom[]))
    return [withNode(reduced, after(reduced.node, count, t, node.name))]
  }

const total = (x: NodeId, count: number, t: Translation, name: string): NodeId =>
  count === 1 ? x : t.build.unary('affine', x, { alpha: count }, name)

const globalPool =
  (kind: Reduced): Rule =>
  (node, t) => {
    const view = viewAt(node, 0)
    return view.axes.length < 3
      ? refuse('unsupported-shape', `a value of rank ${view.axes.length}`, 'an image [n, c, h, w]')
      : [reduceView(t, node, view, view.axes.map((_, k) => k).slice(2), kind, true)]
  }

/** A softmax of each pixel over the channels of a map; null where that is not the axis. */
const softmaxOfPixels = (
  view: View,
  axis: number,
  log: boolean,
  name: string | undefined,
  t: Translation,
): View | null => {
  const type = exampleType(t, view.node)
  const channels = view.axes[axis]
  const isAll = channels !== 'n' && channels.length === 1 && channels[0].of === 'c' && isWhole(type, channels[0])
  return type.kind === 'Map' && isAll
    ? { kind: 'view', node: t.build.softmax(view.node, { log, name }), axes: view.axes }
    : null
}

/** `exp(x − largest)` over some axes, and the sum of these there: what softmaxes and sums of powers are made of. */
const powersOf = (t: Translation, node: OnnxNode, x: View, axes: readonly number[]) => {
  const each = (fn: UnaryFunction, of: View, alpha = 0): View =>
    withNode(of, t.build.unary(fn, of.node, { alpha }, node.name))
  const largest = reduceView(t, node, x, axes, 'max', true)
  const least = broadcast(t, 'subtract', [x, largest], node.name)
  const powers = each('exp', least)
  const count = extentOf(axes.flatMap(axis => x.axes[axis] as readonly Atom[]))
  const sums = each('affine', reduceView(t, node, powers, axes, 'mean', true), count)
  return { largest, least, powers, sums, logarithm: () => each('log', sums) }
}

/** A softmax over some axes of several. */
const softmaxOf = (t: Translation, node: OnnxNode, x: View, axes: readonly number[], log: boolean): View => {
  const { least, powers, sums, logarithm } = powersOf(t, node, x, axes)
  return log
    ? broadcast(t, 'subtract', [least, logarithm()], node.name)
    : broadcast(t, 'divide', [powers, sums], node.name)
}

/** The logarithm of a sum of powers: the largest exponent, and the logarithm of what the others add. */
const logSumExp: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const axes = (axesOf(node, 1) ?? []).map(axis => axisOf(axis, x.axes.length))
  const keep = node.int('keepdims', 1) !== 0
  const none = node.int('noop_with_empty_axes', 0) !== 0
  if (axes.length === 0 && none) return [x]
  if (axes.length === 0 || axes.some(axis => x.axes[axis] === 'n'))
    return refuse('unsupported-attribute', 'a reduction over all axes, or over the batch', 'axes of an example')
  const { largest, logarithm } = powersOf(t, node, x, axes)
  const sum = broadcast(t, 'add', [logarithm(), largest], node.name)
  const left = sum.axes.filter((_, axis) => keep || !axes.includes(axis))
  return [withAxes(sum, left)]
}

/** Before opset 13 a softmax runs over all axes from `axis` on, after it over one. */
const softmax =
  (log: boolean): Rule =>
  (node, t) => {
    const view = viewAt(node, 0)
    const rank = view.axes.length
    const axis = axisOf(node.int('axis', t.opset < 13 ? 1 : -1), rank)
    const axes = t.opset < 13 ? view.axes.map((_, k) => k).slice(axis) : [axis]
    if (axes.some(k => view.axes[k] === 'n'))
      return refuse('unsupported-shape', 'a softmax over the batch', 'one over axes of an example')
    const outside = view.axes.some((other, k) => other !== 'n' && other.length > 0 && !axes.includes(k))
    if (outside)
      return [
        (axes.length === 1 ? softmaxOfPixels(view, axes[0], log, node.name, t) : null) ??
          softmaxOf(t, node, view, axes, log),
      ]
    const atoms = view.axes.flatMap(other => (other === 'n' ? [] : other))
    if (atoms.length > 1) return [softmaxOf(t, node, view, axes, log)]
    const y = t.build.softmax(asVector(t, view.node, atoms), { log, name: node.name })
    const type = exampleType(t, y)
    return [
      {
        kind: 'view',
        node: y,
        axes: view.axes.map((other): Axis => (other === 'n' ? other : other.length === 0 ? [] : whole(type, 'c'))),
      },
    ]
  }

export const reductions: Readonly<Record<string, Rule>> = {
  GlobalAveragePool: globalPool('mean'),
  GlobalMaxPool: globalPool('max'),
  ReduceMean: reduction('mean'),
  ReduceMax: reduction('max'),
  ReduceMin: reducedBy('max', 'negate', (x, _, t, name) => t.build.unary('negate', x, {}, name)),
  ReduceSum: reducedBy('mean', null, total),
  ReduceL1: reducedBy('mean', 'abs', total),
  ReduceSumSquare: reducedBy('mean', 'square', total),
  ReduceL2: reducedBy('mean', 'square', (x, count, t, name) =>
    t.build.unary('sqrt', total(x, count, t, name), {}, name),
  ),
  ReduceLogSum: reducedBy('mean', null, (x, count, t, name) =>
    t.build.unary('log', total(x, count, t, name), {}, name),
  ),
  ReduceLogSumExp: logSumExp,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
}
