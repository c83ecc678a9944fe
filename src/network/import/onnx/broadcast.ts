import type { NodeId } from '../../../../ir/graph.ts'
import type { BinaryFunction } from '../../../../ir/ops/pointwise.ts'
import { asMap, asVector } from './arrange.ts'
import type { Constant } from './constant.ts'
import { broadcastDigits, cutsChannels } from './digits.ts'
import type { Value } from './node.ts'
import { refuse } from './refuse.ts'
import { arranged, exampleType, numberNode, type Translation } from './translation.ts'
import {
  type Atom,
  type Axis,
  dimsOf,
  extentOf,
  isWhole,
  type Of,
  printDims,
  sameAtoms,
  type View,
  whole,
  withNode,
} from './view.ts'

/** An axis of the result, or a part of one that operands of the same cut share. */
interface Part {
  readonly axis: number
  /** The operands' atoms here; null for a constant. */
  readonly atoms: readonly (readonly Atom[] | null)[]
  /** Extents of the operands here. */
  readonly extents: readonly number[]
}

const order: readonly Of[] = ['h', 'w', 'c']

/** A constant's extent along each axis of the result, axes missing in front having 1. */
const constantDims = (constant: Constant, rank: number): readonly number[] =>
  constant.dims.length <= rank
    ? [...Array.from({ length: rank - constant.dims.length }, () => 1), ...constant.dims]
    : refuse(
        'unsupported-shape',
        `a constant ${printDims(constant.dims)} beside a value of rank ${rank}`,
        'no more axes',
      )

const axesTo = (view: View, rank: number): readonly Axis[] => [
  ...Array.from({ length: rank - view.axes.length }, (): Axis => []),
  ...view.axes,
]

/** Cuts each axis as the operand with the most atoms there has it, where the others agree on whole axes; else leaves it one. */
const partsOf = (t: Translation, operands: readonly Value[], rank: number, batch: number): readonly Part[] =>
  Array.from({ length: rank }, (_, axis) => axis).flatMap((axis): readonly Part[] => {
    if (axis === batch) return []
    const atoms = operands.map(value => (value.kind === 'view' ? (axesTo(value, rank)[axis] as readonly Atom[]) : null))
    const extents = operands.map((value, k) =>
      value.kind === 'view' ? extentOf(atoms[k] as readonly Atom[]) : constantDims(value, rank)[axis],
    )
    const extent = Math.max(...extents)
    if (extent === 1) return []
    if (extents.some(e => e !== 1 && e !== extent))
      return refuse('unsupported-shape', `extents ${extents.join(' and ')} along axis ${axis}`, 'equal ones, or 1')
    const finest = atoms.reduce<readonly Atom[]>((best, a) => (a !== null && a.length > best.length ? a : best), [])
    const agree = atoms.every(
      a =>
        a === null ||
        a.length === 0 ||
        (a.length === finest.length && a.every((x, k) => x.extent === finest[k].extent)),
    )
    const cut = operands.some(
      (value, k) => value.kind === 'view' && atoms[k]?.some(a => !isWhole(exampleType(t, value.node), a)),
    )
    if (!agree || cut || finest.length < 2) return [{ axis, atoms, extents }]
    return finest.map((atom, k) => ({
      axis,
      atoms: atoms.map(a => (a === null ? null : a.length === 0 ? [] : [a[k]])),
      extents: extents.map(e => (e === 1 ? 1 : atom.extent)),
    }))
  })

/** Each part's axis in the result: the one it has in the first operand with a place for it, or one that is free. */
const placesOf = (t: Translation, operands: readonly Value[], parts: readonly Part[]): readonly Of[] => {
  if (parts.length > 3)
    return refuse('unsupported-shape', `a value of ${parts.length} axes beside the batch`, 'at most three')
  const taken = new Set<Of>()
  const own = parts.map(part => {
    for (const [k, value] of operands.entries()) {
      const atoms = part.atoms[k]
      if (value.kind !== 'view' || atoms?.length !== 1 || taken.has(atoms[0].of)) continue
      if (!isWhole(exampleType(t, value.node), atoms[0])) continue
      taken.add(atoms[0].of)
      return atoms[0].of
    }
    return null
  })
  return own.map(of => {
    if (of !== null) return of
    const free = (['c', 'h', 'w'] as const).find(other => !taken.has(other)) as Of
    taken.add(free)
    return free
  })
}

const constantOperand = (
  t: Translation,
  constant: Constant,
  at: number,
  parts: readonly Part[],
  places: readonly Of[],
  vector: boolean,
): NodeId => {
  const shape = parts.map(part => part.extents[at])
  const permutation = parts.map((_, k) => k).sort((a, b) => order.indexOf(places[a]) - order.indexOf(places[b]))
  const wanted = (vector ? (['c'] as const) : order).map(of => {
    const part = places.indexOf(of)
    return part < 0 ? 1 : shape[part]
  })
  const first = wanted.findIndex(extent => extent > 1)
  const trimmed = first < 0 ? [1] : wanted.slice(first)
  return t.parameter(constant, `[${shape}]${permutation}[${trimmed}]`, value => ({
    shape: trimmed,
    data: arranged(value, shape, permutation).data,
  }))
}

/** A value before axes of it were repeated that another value has. */
const unrepeatedBeside = (value: Value, other: Value): Value => {
  if (value.kind === 'constant' || value.unrepeated === undefined) return value
  const rank = value.axes.length
  const dims = (of: Value): readonly (number | 'n')[] =>
    of.kind === 'constant' ? constantDims(of, rank) : dimsOf({ ...of, axes: axesTo(of, rank) }, 'n')
  if ((other.kind === 'constant' ? other.dims : other.axes).length > rank) return value
  const [own, wanted, less] = [value, other, value.unrepeated].map(dims)
  return own.every((d, axis) => d === less[axis] || d === wanted[axis]) ? value.unrepeated : value
}

const unrepeated = ([a, b]: readonly [Value, Value]): readonly [Value, Value] => {
  const left = unrepeatedBeside(a, b)
  return [left, unrepeatedBeside(b, left)]
}

/** Applies a function of two operands, of which one or both are computed, their shapes broadcast as in NumPy. */
export const broadcast = (t: Translation, fn: BinaryFunction, given: readonly [Value, Value], name: string): View => {
  const operands = unrepeated(given)
  const views = operands.filter(value => value.kind === 'view')
  const rank = Math.max(...operands.map(value => (value.kind === 'view' ? value.axes.length : value.dims.length)))
  const batches = views.map(view => axesTo(view, rank).indexOf('n'))
  const batch = batches[0]
  if (batches.some(b => b !== batch) || views.some(view => axesTo(view, rank).indexOf('n') !== batch))
    return refuse('unsupported-shape', 'batches on different axes', 'the batch on one axis')
  for (const value of operands)
    if (value.kind === 'constant' && constantDims(value, rank)[batch] !== 1)
      return refuse(
        'unsupported-shape',
        `a constant ${printDims(value.dims)} that differs by example`,
        'extent 1 there',
      )
  const [a, b] = operands
  /** Whether a value keeps its shape beside another, which is one number. */
  const beside = (other: Value, { axes }: View): boolean =>
    other.kind === 'constant' &&
    other.values.length === 1 &&
    axes.length === rank &&
    constantDims(other, rank).every((d, axis) => d === 1 || d === extentOf(axes[axis] as readonly Atom[]))
  const apply = (left: NodeId, right: NodeId): NodeId => t.build.binary(fn, left, right, name)
  if (a.kind === 'view' && b.kind === 'view' && sameLayout(t, a, b)) return withNode(a, apply(a.node, b.node))
  if (a.kind === 'view' && beside(b, a)) return withNode(a, apply(a.node, one(t, b as Constant)))
  if (b.kind === 'view' && beside(a, b)) return withNode(b, apply(one(t, a as Constant), b.node))

  const cut = views.some(view => cutsPixels(t, view)) ? ofPixels(t, operands, rank, apply) : null
  if (cut !== null) return cut
  if (views.some(view => cutsChannels(t, view))) {
    const axes = operands.map(value => (value.kind === 'view' ? axesTo(value, rank) : []))
    const dims = operands.map((value, k) =>
      value.kind === 'view' ? axes[k].map(axis => (axis === 'n' ? 1 : extentOf(axis))) : constantDims(value, rank),
    )
    return broadcastDigits(
      t,
      fn,
      operands,
      axes.map(own => (own.length > 0 ? own : axes[1 - axes.indexOf(own)])),
      dims,
      batch,
      name,
    )
  }
  const parts = partsOf(t, operands, rank, batch)
  const places = placesOf(t, operands, parts)
  const vector = places.every(of => of === 'c') && views.every(view => exampleType(t, view.node).kind === 'Vector')
  const atomsAt = (at: number, of: Of): readonly Atom[] => parts[places.indexOf(of)]?.atoms[at] ?? []
  const nodes = operands.map((value, at) => {
    if (value.kind === 'constant') return constantOperand(t, value, at, parts, places, vector)
    return vector
      ? asVector(t, value.node, atomsAt(at, 'c'))
      : asMap(t, value.node, { h: atomsAt(at, 'h'), w: atomsAt(at, 'w'), c: atomsAt(at, 'c') })
  })
  const node = apply(nodes[0], nodes[1])
  const type = exampleType(t, node)
  const axes = Array.from(
    { length: rank },
    (_, axis): Axis =>
      axis === batch ? 'n' : parts.flatMap((part, k) => (part.axis === axis ? whole(type, places[k]) : [])),
  )
  return { kind: 'view', node, axes }
}

const cutsPixels = (t: Translation, { node, axes }: View): boolean =>
  axes.some(axis => axis !== 'n' && axis.some(atom => atom.of !== 'c' && !isWhole(exampleType(t, node), atom)))

/** Whether a value is the same number for all channels of a pixel, or has an axis as another value has it. */
const isPlain = (t: Translation, { node, axes }: View, others: readonly Axis[], rank: number): boolean => {
  const isOne = exampleType(t, node).c === 1
  return axesTo({ kind: 'view', node, axes }, rank).every((axis, k) => {
    const other = others[k]
    return (
      sameAtoms(axis, other) || (isOne && axis.length === 0 && other !== 'n' && other.every(({ of }) => of === 'c'))
    )
  })
}

/** A function of a value whose rows or columns are cut and of one that is cut alike or the same for all pixels: pixel by pixel, or null. */
const ofPixels = (
  t: Translation,
  operands: readonly [Value, Value],
  rank: number,
  apply: (left: NodeId, right: NodeId) => NodeId,
): View | null => {
  const views = operands.filter(value => value.kind === 'view')
  const like = views.find(view => exampleType(t, view.node).c > 1) ?? views[0]
  const [type, axes] = [exampleType(t, like.node), axesTo(like, rank)]
  const nodes = operands.map(value => {
    if (value.kind === 'view') {
      const own = exampleType(t, value.node)
      const sameGrid = own.kind === 'Map' && type.kind === 'Map' && own.h === type.h && own.w === type.w
      return sameGrid && isPlain(t, value, axes, rank) ? value.node : null
    }
    const isOfChannels = constantDims(value, rank).every((d, k) => d === 1 || sameAtoms(axes[k], whole(type, 'c')))
    return isOfChannels && value.values.length === type.c
      ? t.parameter(value, `[${type.c}]`, constant => arranged(constant, [type.c]))
      : null
  })
  const [left, right] = nodes
  return left === null || right === null ? null : { kind: 'view', node: apply(left, right), axes }
}

/** A number that training moves: exporters name weights after their modules, and numbers in the code of a network otherwise. */
const isWeight = ({ name }: Constant): boolean => /^[\w-]+(\.[\w-]+)+$|ReadVariableOp/.test(name)

const one = (t: Translation, constant: Constant): NodeId => {
  const [value] = arranged(constant, [1]).data
  return isWeight(constant) || !Number.isFinite(value)
    ? t.parameter(constant, 'scalar', number => arranged(number, [1]))
    : numberNode(t, value)
}

const sameLayout = (t: Translation, a: View, b: View): boolean => {
  const left = exampleType(t, a.node)
  const right = exampleType(t, b.node)
  return (
    left.kind === right.kind &&
    (['h', 'w', 'c'] as const).every(of => whole(left, of).length === whole(right, of).length) &&
    left.c === right.c &&
    (left.kind === 'Vector' || right.kind === 'Vector' || (left.h === right.h && left.w === right.w)) &&
    a.axes.length === b.axes.length &&
    a.axes.every((axis, k) => sameAtoms(axis, b.axes[k]))
  )
}
