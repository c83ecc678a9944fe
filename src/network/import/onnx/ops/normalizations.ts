import type { NodeId } from '../../../../../ir/graph.ts'
import type { UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { align, asImage } from '../arrange.ts'
import { broadcast } from '../broadcast.ts'
import { timesTable } from '../channels.ts'
import { type Constant, constant } from '../constant.ts'
import { axisOf, constantAt, type OnnxNode, optionalAt, valuesOf, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { reshapeView } from '../reshape.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Atom, extentOf, isWhole, nchw, printDims, type View, viewOf, withNode } from '../view.ts'
import { reduceView } from './reductions.ts'

/** A function of each number of a view. */
const applied = (
  t: Translation,
  x: View,
  fn: UnaryFunction,
  name: string,
  constants: { readonly alpha?: number; readonly beta?: number } = {},
): View => withNode(x, t.build.unary(fn, x.node, constants, name))

/** `x / √(mean of x² + epsilon)` over some axes of an example. */
const evened = (t: Translation, node: OnnxNode, x: View, axes: readonly number[], epsilon: number): View => {
  const power = reduceView(t, node, applied(t, x, 'square', node.name), axes, 'mean', true)
  return broadcast(t, 'multiply', [x, applied(t, power, 'rsqrt', node.name, { alpha: epsilon })], node.name)
}

/** `(x − mean) / √(variance + epsilon)` over some axes of an example. */
const normalized = (t: Translation, node: OnnxNode, x: View, axes: readonly number[], epsilon: number): View =>
  evened(t, node, broadcast(t, 'subtract', [x, reduceView(t, node, x, axes, 'mean', true)], node.name), axes, epsilon)

const isAll = (value: Constant, number: number): boolean => Array.from(valuesOf(value)).every(x => x === number)

/** The value scaled and shifted, where that changes anything. */
const shifted = (t: Translation, node: OnnxNode, x: View, scale: Constant, offset: Constant | undefined): View => {
  const scaled = isAll(scale, 1) ? x : (broadcast(t, 'multiply', [x, scale], node.name) as View)
  return offset === undefined || isAll(offset, 0) ? scaled : broadcast(t, 'add', [scaled, offset], node.name)
}

/** Whether an axis has pixels of a block and not all of the map. */
const cutsPixels = (t: Translation, { axes, node }: View, axis: number): boolean =>
  (axes[axis] as readonly Atom[]).some(atom => atom.of !== 'c' && !isWhole(exampleType(t, node), atom))

/** Over all axes from one on, then scaled and, where there is an offset, shifted. */
const overLastAxes =
  (by: typeof normalized): Rule =>
  (node, t) => {
    const given = viewAt(node, 0)
    const axis = axisOf(node.int('axis', -1), given.axes.length)
    const epsilon = node.float('epsilon', 1e-5)
    node.disregard('stash_type')
    if (node.namedOutputs > 1) return refuse('unsupported-attribute', `${node.namedOutputs} outputs`, 'one output')
    const axes = given.axes.map((_, k) => k).slice(axis)
    const x = axes.some(k => cutsPixels(t, given, k)) ? align(t, given) : given
    return [shifted(t, node, by(t, node, x, axes, epsilon), constantAt(node, 1), optionalAt(node, 2))]
  }

/** One number for each group of channels, or each channel, as a constant beside `[n, c, …]`. */
const perChannel = (value: Constant, channels: number, rank: number): Constant => {
  const numbers = valuesOf(value)
  if (channels % numbers.length !== 0)
    return refuse('wrong-weights', `${value.name} of shape ${printDims(value.dims)}`, `one number a channel or a group`)
  const repeated = Float32Array.from(
    { length: channels },
    (_, c) => numbers[Math.floor((c * numbers.length) / channels)],
  )
  const dims = [channels, ...Array.from({ length: rank - 2 }, () => 1)]
  return constant(value.name, dims, numbers.length === channels ? numbers : repeated, 'float')
}

/** Normalization over all pixels of groups of channels: `[n, c, …]` seen as `[n, groups, …]`. */
const overGroups = (t: Translation, node: OnnxNode, x: View, groups: number, epsilon: number): View => {
  const dims = x.axes.slice(2).map(axis => extentOf(axis as readonly Atom[]))
  const channels = extentOf(x.axes[1] as readonly Atom[])
  const grouped = reshapeView(x, ['n', groups, channels / groups, ...dims], t)
  if (typeof grouped === 'string')
    return refuse('unsupported-shape', `${channels} channels: ${grouped}`, 'equal groups')
  const result = normalized(t, node, grouped, grouped.axes.map((_, k) => k).slice(2), epsilon)
  const joined = reshapeView(result, ['n', channels, ...dims], t)
  return typeof joined === 'string' ? refuse('unsupported-shape', joined, 'equal groups') : joined
}

const groupNormalization: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const groups = node.int('num_groups', 1)
  const epsilon = node.float('epsilon', 1e-5)
  node.disregard('stash_type')
  const channels = extentOf(x.axes[1] as readonly Atom[])
  if (x.axes.length < 3 || groups < 1 || channels % groups !== 0)
    return refuse(
      'unsupported-attribute',
      `num_groups = ${groups} of ${channels} channels`,
      'equal groups of [n, c, …]',
    )
  const of = (at: number): Constant => perChannel(constantAt(node, at), channels, x.axes.length)
  return [shifted(t, node, overGroups(t, node, x, groups, epsilon), of(1), of(2))]
}

/** Each channel of a value `[n, c, …]` over all that comes after: of `[n, groups, …]`, as group normalizations are exported, whole groups. */
const instanceNormalization: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const epsilon = node.float('epsilon', 1e-5)
  if (x.axes[0] !== 'n' || x.axes.length < 3)
    return refuse('unsupported-shape', `a value of rank ${x.axes.length}`, '[n, c, …]')
  const channels = extentOf(x.axes[1] as readonly Atom[])
  const of = (at: number): Constant => perChannel(constantAt(node, at), channels, x.axes.length)
  const axes = x.axes.map((_, k) => k).slice(2)
  return [shifted(t, node, normalized(t, node, x, axes, epsilon), of(1), of(2))]
}

/** `x / ‖x‖` along one axis. */
const lpNormalization: Rule = (node, t) => {
  const x = viewAt(node, 0)
  const axis = axisOf(node.int('axis', -1), x.axes.length)
  const p = node.int('p', 2)
  if (p !== 1 && p !== 2) return refuse('unsupported-attribute', `p = ${p}`, '1 or 2')
  const count = extentOf(x.axes[axis] as readonly Atom[])
  const parts = applied(t, x, p === 1 ? 'abs' : 'square', node.name)
  const total = applied(t, reduceView(t, node, parts, [axis], 'mean', true), 'affine', node.name, { alpha: count })
  return [broadcast(t, 'divide', [x, p === 1 ? total : applied(t, total, 'sqrt', node.name)], node.name)]
}

/** Sums over runs of `size` channels around each, times `share`: a convolution of single pixels. */
export const sumsOfNeighbours = (t: Translation, x: NodeId, size: number, share: number, name: string): NodeId => {
  const { c } = exampleType(t, x)
  const before = Math.floor((size - 1) / 2)
  const isNear = (from: number, to: number): boolean => from >= to - before && from < to - before + size
  const numberAt = (from: number, to: number): number => (isNear(from, to) ? share : 0)
  return timesTable(t, x, { name: `neighbours ${size} ${share}`, outputs: c, numberAt }, name)
}

/** `x / (bias + alpha/size · Σ x²)^beta`, the sum over neighbouring channels. */
const localResponse: Rule = (node, t) => {
  const x = asImage(t, viewAt(node, 0))
  const size = node.int('size', 1)
  const [alpha, beta, bias] = [node.float('alpha', 1e-4), node.float('beta', 0.75), node.float('bias', 1)]
  if (size < 1 || !(bias > 0) || alpha < 0)
    return refuse('unsupported-attribute', `size = ${size}, alpha = ${alpha}, bias = ${bias}`, 'a sum above 0')
  const sums = sumsOfNeighbours(t, t.build.unary('square', x, {}, node.name), size, alpha / size, node.name)
  const power = t.build.unary(
    'power',
    t.build.unary('affine', sums, { alpha: 1, beta: bias }),
    { alpha: -beta },
    node.name,
  )
  const y = t.build.multiply(x, power, node.name)
  return [viewOf(y, exampleType(t, y), nchw)]
}

export const normalizations: Readonly<Record<string, Rule>> = {
  LayerNormalization: overLastAxes(normalized),
  RMSNormalization: overLastAxes(evened),
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LpNormalization: lpNormalization,
  LRN: localResponse,
}
