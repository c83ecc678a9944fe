import type { NodeId } from '../../../../../ir/graph.ts'
import type { Pair } from '../../../../../ir/op.ts'
import type { UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { align, asMap, asVector } from '../arrange.ts'
import { axesOf, axisOf, type OnnxNode, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Atom, type Axis, extentOf, isWhole, type Of, type View, whole, withAxes } from '../view.ts'
import { meanOf } from './pointwise.ts'

type Reduced = 'mean' | 'max'

/** Where the atoms of a map go so that those that a reduction keeps and takes are in reach of a pooling. */
const placesFor = (kept: readonly Atom[], taken: readonly Atom[]): ReadonlyMap<Of, Of> | null => {
  const ofs = [...kept, ...taken].map(atom => atom.of)
  if (new Set(ofs).size !== ofs.length) return null
  const own: readonly (readonly [Of, Of])[] = [
    ['h', 'h'],
    ['w', 'w'],
    ['c', 'c'],
  ]
  if (taken.every(atom => atom.of !== 'c')) return new Map(own)
  // Channels are reduced: they change places with an axis that is kept, or has extent 1.
  const other = (['h', 'w'] as const).find(of => taken.every(atom => atom.of !== of))
  if (other === undefined) return new Map(own)
  return new Map(own.map(([of]) => [of, of === 'c' ? other : of === other ? 'c' : of]))
}

const reduceView = (
  t: Translation,
  node: OnnxNode,
  view: View,
  axes: readonly number[],
  kind: Reduced,
  keep: boolean,
  isAligned = false,
): View => {
  const without = (all: readonly Axis[]): readonly Axis[] =>
    all.flatMap((axis, k) => (axes.includes(k) ? (keep ? [[]] : []) : [axis]))
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
  const taken = atomsOf(true)
  const kept = atomsOf(false)
  if (taken.length === 0) return { kind: 'view', node: view.node, axes: without(view.axes) }
  const places = placesFor(kept, taken)
  if (places === null && view.axes.length <= 4 && !isAligned)
    return reduceView(t, node, align(t, view), axes, kind, keep, true)
  if (places === null || taken.length === 3)
    return refuse('unsupported-shape', 'a reduction over parts of axes or over all of them', 'whole spatial axes')
  const at = (of: Of): readonly Atom[] => [...kept, ...taken].filter(atom => places.get(atom.of) === of)
  const map = asMap(t, view.node, { h: at('h'), w: at('w'), c: at('c') })
  const type = exampleType(t, map)
  const moved = taken.map(atom => places.get(atom.of) as Of)
  const left = kept.map(atom => places.get(atom.of) as Of)
  const size: Pair = type.kind === 'Map' ? [moved.includes('h') ? type.h : 1, moved.includes('w') ? type.w : 1] : [1, 1]
  const options = { strides: size, name: node.name }
  const pooled = left.every(of => of === 'c')
    ? t.build.globalPool(map, kind, node.name)
    : kind === 'mean'
      ? t.build.meanPool(map, size, options)
      : t.build.maxPool(map, size, options)
  const result = exampleType(t, pooled)
  const renamed = view.axes.map((axis, k): Axis => {
    if (axis === 'n') return axis
    return axes.includes(k) ? [] : axis.flatMap(atom => whole(result, places.get(atom.of) as Of))
  })
  return { kind: 'view', node: pooled, axes: without(renamed) }
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
    const view =
      before === null
        ? given
        : { ...withAxes(given, given.axes), node: t.build.unary(before, given.node, {}, node.name) }
    const axes = (axesOf(node, 1) ?? []).map(axis => axisOf(axis, view.axes.length))
    const [reduced] = reduction(kind)({ ...node, inputs: [view, ...node.inputs.slice(1)] }, t) as readonly [View]
    const count = extentOf(axes.flatMap(axis => view.axes[axis] as readonly Atom[]))
    return [{ ...withAxes(reduced, reduced.axes), node: after(reduced.node, count, t, node.name) }]
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

/** Before opset 13 a softmax runs over all axes from `axis` on, after it over one. */
const softmax =
  (log: boolean): Rule =>
  (node, t) => {
    const view = viewAt(node, 0)
    const rank = view.axes.length
    const axis = axisOf(node.int('axis', t.opset < 13 ? 1 : -1), rank)
    const axes = t.opset < 13 ? view.axes.map((_, k) => k).slice(axis) : [axis]
    const outside = view.axes.some((other, k) => other !== 'n' && other.length > 0 && !axes.includes(k))
    const overPixels = outside && axes.length === 1 ? softmaxOfPixels(view, axes[0], log, node.name, t) : null
    if (overPixels !== null) return [overPixels]
    if (outside || axes.some(k => view.axes[k] === 'n'))
      return refuse('unsupported-shape', `a softmax over a part of an example's axes`, 'one over all classes')
    const atoms = view.axes.flatMap(other => (other === 'n' ? [] : other))
    const y = t.build.softmax(asVector(t, view.node, atoms), { log, name: node.name })
    if (atoms.length > 1) return refuse('unsupported-shape', 'a softmax over several axes', 'one over classes')
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
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
}
