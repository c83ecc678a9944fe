import { channelOrder, permuteChannels } from './arrange.ts'
import type { Constant } from './constant.ts'
import { cutsChannels } from './digits.ts'
import { scalarOf } from './node.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, type Axis, extentOf, type View, withAxes } from './view.ts'

/** Whether an axis is a part of the channels, of which other axes have the rest. */
export const isDigit = (t: Translation, view: View, axis: number): boolean => {
  const atoms = view.axes[axis]
  return atoms !== 'n' && atoms.length > 0 && atoms.every(atom => atom.of === 'c') && cutsChannels(t, view)
}

/** `size` places from `begin` on along an axis that is a part of the channels: a run of them, once that part varies slowest. */
export const runOfDigit = (t: Translation, view: View, axis: number, begin: number, size: number): View | null => {
  const own = view.axes[axis] as readonly Atom[]
  const rest = view.axes
    .flatMap((atoms, k) => (atoms === 'n' || k === axis ? [] : atoms.filter(atom => atom.of === 'c')))
    .sort((a, b) => b.stride - a.stride)
  const order = channelOrder([...own, ...rest])
  if (order.length !== exampleType(t, view.node).c) return null
  const each = extentOf(rest)
  const sorted = permuteChannels(t, view.node, order)
  const node = t.build.slice(sorted, begin * each, size * each)
  const strides = rest.map((_, k) => extentOf(rest.slice(k + 1)))
  const moved = (atom: Atom): Atom => (atom.of === 'c' ? { ...atom, stride: strides[rest.indexOf(atom)] } : atom)
  const taken: Axis = size === 1 ? [] : [{ of: 'c', extent: size, stride: each }]
  return {
    kind: 'view',
    node,
    axes: view.axes.map((atoms, k) => (atoms === 'n' ? atoms : k === axis ? taken : atoms.map(moved))),
  }
}

/** One place along an axis that is a part of the channels; a scalar index drops the axis. */
export const digitAt = (t: Translation, view: View, axis: number, index: Constant): View | null => {
  const extent = extentOf(view.axes[axis] as readonly Atom[])
  const place = scalarOf(index)
  const begin = place < 0 ? place + extent : place
  const part = begin >= 0 && begin < extent ? runOfDigit(t, view, axis, begin, 1) : null
  return part === null || index.dims.length > 0 ? part : withAxes(part, part.axes.toSpliced(axis, 1))
}
