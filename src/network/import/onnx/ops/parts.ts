import { elementOf } from '../../../../../ir/dihedral.ts'
import { variantsOf } from '../../../../../ir/draft.ts'
import type { NodeId } from '../../../../../ir/graph.ts'
import type { Pair } from '../../../../../ir/op.ts'
import { sizeOf } from '../../../../../ir/tensor.ts'
import { type Aligned, actOn, align, placeOf, relaid } from '../arrange.ts'
import { permuteChannels, permutedAtMost } from '../channels.ts'
import { constant } from '../constant.ts'
import { digitAt, isDigit, runOfDigit } from '../digit-runs.ts'
import { axisOf, constantAt, inputAt, numbersOf, type OnnxNode, optionalAt, viewAt } from '../node.ts'
import { piece } from '../pieces.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Atom, extentAlong, extentOf, type Of, printDims, type View } from '../view.ts'

const swapped = { h: [2, 1, 0], w: [0, 2, 1], c: [0, 1, 2] } as const

/** `size` values from `begin` on along one axis. */
const run = (t: Translation, node: NodeId, of: Of, begin: number, size: number, name: string): NodeId => {
  if (begin === 0 && size === extentAlong(exampleType(t, node), of)) return node
  return of === 'c' ? t.build.slice(node, begin, size, undefined, name) : piece(t, node, of, begin, size, name)
}

/** Values that were stacked along the batch, apart again. */
const unstack = (node: OnnxNode, t: Translation, view: Aligned): readonly View[] => {
  const count = node.int('num_outputs', node.outputCount)
  const stacked = variantsOf(t.build.draft.nodes[view.node])
  if (node.ints('split') !== undefined || optionalAt(node, 1) !== undefined || count !== stacked)
    return refuse(
      'unsupported-shape',
      `a stack of ${stacked} in ${count} parts`,
      'as many as were stacked, of one size',
    )
  return Array.from({ length: count }, (_, index) =>
    relaid(t, view, t.build.draft.add('Unstack', [view.node], { index, count }, node.name)),
  )
}

/** The sizes of the parts of an axis. */
const partsOf = (node: OnnxNode, extent: number): readonly number[] => {
  const given = optionalAt(node, 1)
  const attribute = node.ints('split')
  const count = node.int('num_outputs', node.outputCount)
  if (count < 1 || count > extent)
    return refuse('unsupported-attribute', `${count} parts`, `at most ${extent}, the axis's extent`)
  const even = Array.from({ length: count }, (_, k) => {
    const size = Math.ceil(extent / count)
    return Math.min(size, extent - k * size)
  })
  const sizes = attribute ?? (given === undefined ? even : numbersOf(given))
  if (sizes.length < node.outputCount || sizes.some(s => s < 1) || sizes.reduce((a, b) => a + b, 0) !== extent)
    return refuse('unsupported-attribute', `parts of ${printDims(sizes)}`, `${node.outputCount} that fill ${extent}`)
  return sizes
}

/** Parts of an axis that is a part of the channels. */
const splitDigit = (node: OnnxNode, t: Translation, view: View, axis: number): readonly View[] | null => {
  let begin = 0
  const views = partsOf(node, extentOf(view.axes[axis] as readonly Atom[])).map(size => {
    const part = runOfDigit(t, view, axis, begin, size)
    begin += size
    return part
  })
  return views.every(part => part !== null) ? views : null
}

const split: Rule = (node, t) => {
  const original = viewAt(node, 0)
  const axis = axisOf(node.int('axis', 0), original.axes.length)
  const digits = isDigit(t, original, axis) ? splitDigit(node, t, original, axis) : null
  if (digits !== null) return digits
  const view = align(t, original)
  if (view.layout[axis] === 'n') return unstack(node, t, view)
  const of = placeOf(view, axis)
  const extent = extentAlong(exampleType(t, view.node), of)
  const sizes = partsOf(node, extent)
  let begin = 0
  return sizes.map(size => {
    const part = run(t, view.node, of, begin, size, node.name)
    begin += size
    return relaid(t, view, part)
  })
}

/** Where a slice begins, how many values it takes and how far apart, ONNX's ends clamped to the axis. */
const slots = (start: number, end: number, step: number, extent: number): { begin: number; count: number } => {
  const from = start < 0 ? start + extent : start
  const to = end < 0 ? end + extent : end
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
  const [begin, stop] =
    step > 0 ? [clamp(from, 0, extent), clamp(to, 0, extent)] : [clamp(from, 0, extent - 1), clamp(to, -1, extent - 1)]
  return { begin, count: Math.max(0, Math.ceil((stop - begin) / step)) }
}

const sliceAlong = (
  t: Translation,
  node: NodeId,
  of: Of,
  { begin, count }: { readonly begin: number; readonly count: number },
  step: number,
  name: string,
): NodeId => {
  const first = Math.min(begin, begin + (count - 1) * step)
  const part = run(t, node, of, first, (count - 1) * Math.abs(step) + 1, name)
  if (of === 'c') {
    if (step === 1) return part
    if (count > permutedAtMost)
      return refuse('unsupported-shape', `${count} channels apart`, `at most ${permutedAtMost}`)
    const order = Array.from({ length: count }, (_, k) => (step > 0 ? k * step : (count - 1 - k) * -step))
    return permuteChannels(t, part, order)
  }
  const apart = Math.abs(step)
  const strides: Pair = of === 'h' ? [apart, 1] : [1, apart]
  const sampled = apart === 1 ? part : t.build.maxPool(part, 1, { strides, name })
  return sampled
}

const slice: Rule = (node, t) => {
  const original = viewAt(node, 0)
  const rank = original.axes.length
  const read = (name: string, at: number): readonly number[] | undefined => {
    const attribute = node.ints(name)
    const input = optionalAt(node, at)
    return attribute ?? (input === undefined ? undefined : numbersOf(input))
  }
  const starts = read('starts', 1) ?? []
  const ends = read('ends', 2) ?? []
  const axes = (read('axes', 3) ?? starts.map((_, k) => k)).map(axis => axisOf(axis, rank))
  const steps = read('steps', 4) ?? starts.map(() => 1)
  if ([ends, axes, steps].some(list => list.length !== starts.length) || steps.includes(0))
    return refuse('malformed-file', `starts ${printDims(starts)}, ends ${printDims(ends)}`, 'lists of one length')
  const work = starts.flatMap((start, k) => {
    const whole = steps[k] === 1 && start === 0 && ends[k] > 1e9
    return whole ? [] : [{ axis: axes[k], start, end: ends[k], step: steps[k] }]
  })
  if (work.length === 0) return [original]
  const [only] = work
  if (work.length === 1 && only.step === 1 && isDigit(t, original, only.axis)) {
    const { begin, count } = slots(only.start, only.end, 1, extentOf(original.axes[only.axis] as readonly Atom[]))
    const part = count > 0 ? runOfDigit(t, original, only.axis, begin, count) : null
    if (part !== null) return [part]
  }
  const view = align(t, original)
  const result = work.reduce((current, { axis, start, end, step }) => {
    const of = placeOf(view, axis)
    const extent = extentAlong(exampleType(t, current), of)
    const wanted = slots(start, end, step, extent)
    if (wanted.count === 0) return refuse('unsupported-shape', `an empty slice of axis ${axis}`, 'at least one value')
    return sliceAlong(t, current, of, wanted, step, node.name)
  }, view.node)
  const backwards = (of: Of): boolean => work.some(({ axis, step }) => step < 0 && view.layout[axis] === of)
  const flips = { swap: false, flipY: backwards('h'), flipX: backwards('w') }
  return [relaid(t, view, actOn(t, elementOf(flips), result))]
}

/** One index (which drops the axis) or several along one axis. */
const gather: Rule = (node, t) => {
  const original = viewAt(node, 0)
  const axis = axisOf(node.int('axis', 0), original.axes.length)
  const index = node.inputs[1]
  const isOne = index?.kind === 'constant' && index.values.length === 1 && index.dims.length < 2
  const digit = isOne && isDigit(t, original, axis) ? digitAt(t, original, axis, index) : null
  if (digit !== null) return [digit]
  const view = align(t, original)
  const of = placeOf(view, axis)
  const indices = inputAt(node, 1)
  if (indices.kind !== 'constant' || indices.dims.length > 1)
    return refuse('unsupported-shape', 'computed indices, or a table of them', 'a list known at import')
  const extent = extentAlong(exampleType(t, view.node), of)
  const wanted = numbersOf(indices).map(index => (index < 0 ? index + extent : index))
  if (wanted.length === 0 || wanted.some(index => !Number.isInteger(index) || index < 0 || index >= extent))
    return refuse('malformed-file', `indices ${printDims(wanted)}`, `some below ${extent}`)
  const consecutive = wanted.every((index, k) => index === wanted[0] + k)
  const picked = (): NodeId =>
    t.build.transpose(permuteChannels(t, t.build.transpose(view.node, swapped[of]), wanted), swapped[of])
  const part =
    of === 'c'
      ? permuteChannels(t, view.node, wanted)
      : consecutive
        ? run(t, view.node, of, wanted[0], wanted.length, node.name)
        : picked()
  const whole = relaid(t, view, part)
  return [
    indices.dims.length === 1 ? whole : { kind: 'view', node: part, axes: whole.axes.filter((_, k) => k !== axis) },
  ]
}

/** Places along the first axes, as a table says them: what stands along one of them, or rows and columns of a grid. */
const gatherND: Rule = (node, t) => {
  const table = constantAt(node, 1)
  const [places, along] = [table.dims.slice(0, -1), table.dims.at(-1) ?? 0]
  const numbers = numbersOf(table)
  const at = (place: number, axis: number): number => numbers[place * along + axis]
  const count = sizeOf(places)
  /** Of each axis its own places: in a grid those of one do not change along the others. */
  const own = places.map((extent, axis) => {
    const stride = sizeOf(places.slice(axis + 1))
    return Array.from({ length: extent }, (_, k) => at(k * stride, axis))
  })
  const isGrid =
    places.length === along &&
    Array.from({ length: count * along }, (_, k) => k).every(k => {
      const [place, axis] = [Math.floor(k / along), k % along]
      const stride = sizeOf(places.slice(axis + 1))
      return at(place, axis) === own[axis][Math.floor(place / stride) % places[axis]]
    })
  if (node.int('batch_dims', 0) !== 0 || !isGrid)
    return refuse(
      'unsupported-shape',
      `places ${printDims(table.dims)}`,
      'those along one axis, or of rows and columns',
    )
  const picked = own.reduce<View>(
    (view, list, axis) => {
      const indices = constant(`${table.name}.${axis}`, [list.length], list, 'int64')
      return gather({ ...node, inputs: [view, indices], int: () => axis }, t)[0] as View
    },
    viewAt(node, 0),
  )
  return [picked]
}

export const parts: Readonly<Record<string, Rule>> = {
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherND: gatherND,
}
