import { type Constant, constant } from './constant.ts'
import {
  batchOf,
  dimsOfLifted,
  extentsByAxis,
  folded,
  inGroups,
  isBatchFirst,
  permuted,
  printLifted,
  rankOfLifted,
  withBatchAt,
} from './folded.ts'
import { total } from './joined.ts'
import { askedByEach, onEach } from './lifted.ts'
import {
  axesOf,
  axisOf,
  constantAt,
  integersOf,
  type Lifted,
  type OnnxNode,
  permutationOf,
  type Unfolded,
} from './node.ts'
import { pointwise } from './ops/pointwise.ts'
import { pixelProducts } from './ops/products.ts'
import { refuse } from './refuse.ts'
import { reshaped } from './reshape.ts'
import type { Rule, Translation } from './translation.ts'
import { type Folded, printDims } from './view.ts'

/** What ops make of values of which an axis is the batch and more: what they make of them with all axes apart. */

type Inputs = readonly (Lifted | undefined)[]

const transposed = (node: OnnxNode, { apart, groups }: Folded, t: Translation): Lifted => {
  const order = permutationOf(node, groups.length)
  const axes = inGroups([...Array(groups.reduce((a, b) => a + b)).keys()], groups)
  const turned = permuted(
    apart,
    order.flatMap(axis => axes[axis]),
  )
  return folded(
    t,
    turned,
    order.map(axis => groups[axis]),
  )
}

/** A constant beside a value that is apart, which has one number for all of an axis that is the batch and more. */
const besideApart = (value: Constant, { groups }: Folded): Constant => {
  const lead = groups.length - value.dims.length
  if (lead < 0 || value.dims.some((d, k) => d !== 1 && groups[lead + k] > 1))
    return refuse('unsupported-shape', `a constant ${printDims(value.dims)} that differs by example`, 'extent 1 there')
  return { ...value, dims: value.dims.flatMap((d, k) => [d, ...Array.from({ length: groups[lead + k] - 1 }, () => 1)]) }
}

/** The axes that are the batch and more. */
const printBatches = (value: Folded, t: Translation): string =>
  extentsByAxis(value, batchOf(t, value))
    .map((extents, axis) => (value.groups[axis] > 1 ? extents.join('·') : ''))
    .join()

/** Ops that see each number for itself. */
const ofEach = new Set([...Object.keys(pointwise), 'Identity', 'Cast', 'CastLike', 'Dropout'])

export const isUnfolded = (given: Inputs): given is readonly (Unfolded | undefined)[] =>
  given.every(value => value?.kind !== 'folded')

export const refuseFolded = (given: Inputs, t: Translation): never =>
  refuse(
    'unsupported-shape',
    `${given
      .flatMap(value =>
        value === undefined || value.kind === 'constant' ? [] : [printLifted(value, batchOf(t, value))],
      )
      .join(' and ')}, where the batch is part of an axis`,
    'the batch as an axis of its own',
  )

/** What is made of folded values apart, of which the same axes are the batch and more, and of constants. */
const madeApart = (
  given: Inputs,
  t: Translation,
  make: (apart: readonly (Unfolded | undefined)[]) => readonly Lifted[],
): readonly Lifted[] => {
  const [first] = given.filter(value => value?.kind === 'folded')
  const apart = given.map((value): Unfolded | undefined => {
    if (value === undefined || value.kind === 'constant') return value
    return value.kind === 'folded' && printBatches(value, t) === printBatches(first, t)
      ? value.apart
      : refuseFolded(given, t)
  })
  return make(apart).map(result =>
    result.kind === 'view' || result.kind === 'joined' ? folded(t, result, first.groups) : result,
  )
}

/** Ops along axes, and where they say them: as an attribute, which is this where it is not there, or as an input. */
const alongAxes: Readonly<Record<string, { readonly axis: number } | { readonly input: number }>> = {
  Gather: { axis: 0 },
  Split: { axis: 0 },
  LayerNormalization: { axis: -1 },
  RMSNormalization: { axis: -1 },
  Squeeze: { input: 1 },
  ReduceL2: { input: 1 },
  Slice: { input: 3 },
}

/** What an op along axes that are not the batch's makes of a folded value. */
const along = (node: OnnxNode, x: Folded, t: Translation, rule: Rule): readonly Lifted[] => {
  const how = alongAxes[node.op]
  const given = 'axis' in how ? [node.int('axis', how.axis)] : (axesOf(node, how.input) ?? [])
  const axes = given.map(axis => axisOf(axis, x.groups.length))
  const elsewhere = x.groups.findIndex((_, axis) => !axes.includes(axis))
  const { apart, groups } = batchOf(t, x) === 1 && elsewhere > 0 ? withBatchAt(x, elsewhere) : x
  if (axes.length === 0 || axes.some(axis => groups[axis] > 1)) return refuseFolded([x], t)
  const moved = axes.map(axis => total(groups.slice(0, axis)))
  const list = constant(`${node.name}.axes`, [moved.length], moved, 'int64')
  const inputs = node.inputs.map((value, at) => ('input' in how && at === how.input ? list : value))
  const own: OnnxNode = {
    ...node,
    inputs: [undefined, ...inputs.slice(1)],
    int: (name, otherwise) => (name === 'axis' && 'axis' in how ? moved[0] : node.int(name, otherwise)),
    ints: name => (name === 'axes' && node.ints('axes') !== undefined ? moved : node.ints(name)),
  }
  return onEach(own, [apart, ...own.inputs.slice(1)], t, rule).map(result => {
    if (result.kind === 'constant' || result.kind === 'folded') return result
    const isLess = rankOfLifted(result) < total(groups)
    return folded(
      t,
      result,
      groups.filter((_, axis) => !(isLess && axes.includes(axis))),
    )
  })
}

/** A folded value repeated along axes of extent 1, none of which is the batch and more. */
const expandedApart = (node: OnnxNode, x: Folded, t: Translation, rule: Rule): readonly Lifted[] => {
  const shape = integersOf(constantAt(node, 1))
  const own = dimsOfLifted(x, batchOf(t, x))
  const inFront = x.groups.length - shape.length
  const wanted = x.groups.map((_, axis) => shape[axis - inFront] ?? 1)
  const isRepeated = wanted.some((d, axis) => x.groups[axis] > 1 && d !== 1 && d !== own[axis])
  if (inFront < 0 || isRepeated) return refuseFolded([x], t)
  const apart = x.groups.flatMap((count, axis) =>
    count === 1 ? [wanted[axis]] : Array.from({ length: count }, () => 1),
  )
  const list = constant(`${node.name}.shape`, [apart.length], apart, 'int64')
  return madeApart([x], t, ([own]) => onEach(node, [own, list], t, rule))
}

/** What an op makes of values some of which are folded. */
export const apartRule = (node: OnnxNode, given: Inputs, t: Translation, rule: Rule): readonly Lifted[] => {
  const [x] = given
  const isFirst = x?.kind === 'folded'
  if (isFirst && node.op === 'Reshape') return [reshaped(node, x, t)]
  if (isFirst && node.op === 'Transpose') return [transposed(node, x, t)]
  if (isFirst && x.groups.at(-1) === 1 && Object.hasOwn(pixelProducts, node.op))
    return madeApart(given, t, apart => onEach(node, apart, t, pixelProducts[node.op]))
  if (isFirst && node.op === 'Expand') return expandedApart(node, x, t, rule)
  if (isFirst && Object.hasOwn(alongAxes, node.op)) return along(node, x, t, rule)
  const [like] = given.filter(value => value?.kind === 'folded')
  return ofEach.has(node.op)
    ? madeApart(
        given.map(value => (value?.kind === 'constant' ? besideApart(value, like) : value)),
        t,
        apart => onEach(node, apart, t, rule),
      )
    : refuseFolded(given, t)
}

/** What queries make of all that they ask, each of which may be joined or folded, in products along an axis: the last. */
export const asked = (
  node: OnnxNode,
  given: Inputs,
  t: Translation,
  rule: Rule,
  axis: number | undefined,
): readonly Lifted[] => {
  const [rank = null] = given.flatMap(value =>
    value === undefined || value.kind === 'constant' ? [] : [rankOfLifted(value)],
  )
  if (rank !== null && axisOf(axis ?? (t.opset < 13 ? 1 : -1), rank) !== rank - 1)
    return refuse('unsupported-shape', 'an attention along another axis than the last', 'one over keys')
  const inFront = given.map(value =>
    value === undefined || value.kind === 'constant' || isBatchFirst(value) || batchOf(t, value) !== 1
      ? value
      : withBatchAt(value, 0),
  )
  return isUnfolded(inFront)
    ? askedByEach(node, inFront, t, rule)
    : madeApart(inFront, t, apart => askedByEach(node, apart, t, rule))
}
