import { channelOrder, permuteChannels } from './channels.ts'
import type { Constant } from './constant.ts'
import { cutsChannels } from './digits.ts'
import { scalarOf } from './node.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, type Axis, extentOf, type View, withAxes } from './view.ts'

/** Whether an axis is of channels and is cut as it stands: other axes have the rest of them, or one of those is rows and columns at once. */
export const isDigit = (t: Translation, view: View, axis: number): boolean => {
  const atoms = view.axes[axis]
  const isJoined = view.axes.some(own => own !== 'n' && own.length > 1)
  return (
    atoms !== 'n' && atoms.length > 0 && atoms.every(atom => atom.of === 'c') && (isJoined || cutsChannels(t, view))
  )
}

/** `size` places from `begin` on along an axis that is a part of the channels, which keep their order where the axis is one digit of them; otherwise it varies slowest. */
export const runOfDigit = (t: Translation, view: View, axis: number, begin: number, size: number): View | null => {
  const own = view.axes[axis] as readonly Atom[]
  const rest = view.axes
    .flatMap((atoms, k) => (atoms === 'n' || k === axis ? [] : atoms.filter(atom => atom.of === 'c')))
    .sort((a, b) => b.stride - a.stride)
  const slower = own.length === 1 ? rest.filter(({ stride }) => stride > own[0].stride) : []
  const faster = rest.slice(slower.length)
  const order = channelOrder([...slower, ...own, ...faster])
  if (order.length !== exampleType(t, view.node).c) return null
  const [extent, each] = [extentOf(own), extentOf(faster)]
  const isTaken = (at: number): boolean => {
    const place = Math.floor(at / each) % extent
    return place >= begin && place < begin + size
  }
  const node = permuteChannels(
    t,
    view.node,
    order.filter((_, at) => isTaken(at)),
  )
  const taken: Axis = size === 1 ? [] : [{ of: 'c', extent: size, stride: each }]
  const strideOf = (atom: Atom): number =>
    extentOf(rest.slice(rest.indexOf(atom) + 1)) * (slower.includes(atom) ? size : 1)
  const moved = (atom: Atom): Atom => (atom.of === 'c' ? { ...atom, stride: strideOf(atom) } : atom)
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
