import { align } from '../arrange.ts'
import { timesTable } from '../channels.ts'
import { constant, type Scalar } from '../constant.ts'
import { expanded, repeatedInChannels } from '../digits.ts'
import { constantAt, integersOf, numbersOf, type OnnxNode, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { dimsOf, extentOf, type Of, printDims, type View, viewOf, withAxes } from '../view.ts'
import { concat } from './concat.ts'

/** Whether an axis of this extent, expanded to another one, is of one of them. */
const mayBecome = (own: Scalar, wanted: Scalar): boolean => own === 1 || wanted === 1 || own === wanted

/** The most copies that are put side by side. */
const copiesAtMost = 64

/** Copies of a value side by side along one of its axes. */
const copies = (node: OnnxNode, t: Translation, value: View, axis: number, count: number): View => {
  if (count === 1) return value
  if (count > copiesAtMost)
    return refuse('unsupported-shape', `${count} copies along an axis`, `at most ${copiesAtMost}`)
  return concat({ ...node, inputs: Array.from({ length: count }, () => value), int: () => axis }, t)[0] as View
}

/** A value of rank 2 to 4 whose axes of extent 1 are repeated: rows and columns as the nearest pixel is. */
const repeatedInPlace = (t: Translation, view: View, repeats: readonly number[], node: OnnxNode): View => {
  const { node: x, layout } = align(t, view)
  const times = (of: Of): number => (layout.includes(of) ? repeats[layout.indexOf(of)] : 1)
  const type = exampleType(t, x)
  const wide =
    type.kind === 'Map' && times('h') * times('w') > 1
      ? t.build.resize(x, [type.h * times('h'), type.w * times('w')], { method: 'nearest', name: node.name })
      : x
  const c = times('c')
  const deep = c > 1 ? timesTable(t, wide, { name: 'copies', outputs: c, numberAt: () => 1 }, node.name) : wide
  return viewOf(deep, exampleType(t, deep), layout)
}

export const expand: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const shape = integersOf(constantAt(node, 1))
  const own = dimsOf(view, t.batch)
  const rank = Math.max(shape.length, own.length)
  const at = (dims: readonly Scalar[], axis: number): Scalar => dims[axis - rank + dims.length] ?? 1
  const axes = Array.from({ length: rank }, (_, axis) => axis)
  const same = axes.every(axis => at(shape, axis) === 1 || at(shape, axis) === at(own, axis))
  if (same && shape.length <= own.length) return [view]
  const batchKept = at(shape, 0) === 1 || at(shape, 0) === at(own, 0)
  const dims = axes.map(axis => (axis === 0 || at(shape, axis) === 1 ? at(own, axis) : at(shape, axis)))
  const wide =
    batchKept && dims.slice(1).every(d => d !== 'n') ? expanded(t, view, [1, ...(dims.slice(1) as number[])]) : null
  const unrepeated = withAxes(view, view.axes)
  if (wide !== null) return [{ ...wide, unrepeated }]
  const repeats = axes.map(axis => (at(own, axis) === 1 ? at(shape, axis) : 1))
  if (
    shape.length > own.length ||
    repeats.includes('n') ||
    axes.some(axis => !mayBecome(at(own, axis), at(shape, axis)))
  )
    return refuse('unsupported-shape', `${printDims(own)} expanded to ${printDims(shape)}`, 'axes of extent 1 repeated')
  const inChannels = rank > 4 ? repeatedInChannels(t, view, repeats as number[]) : null
  return [{ ...(inChannels ?? repeatedInPlace(t, view, repeats as number[], node)), unrepeated }]
}

/** A value again and again along its axes: one of extent 1 is expanded, along others there are copies. */
export const tile: Rule = (node, t) => {
  const view = viewAt(node, 0)
  const repeats = numbersOf(constantAt(node, 1))
  if (repeats.length !== view.axes.length || repeats.some(count => !(Number.isInteger(count) && count > 0)))
    return refuse('malformed-file', `repeats ${printDims(repeats)}`, `1 or more for each of ${view.axes.length} axes`)
  const isOne = ({ axes }: View, axis: number): boolean => axes[axis] !== 'n' && extentOf(axes[axis]) === 1
  const wide = repeats.map((count, axis) => (isOne(view, axis) ? count : 1))
  const shape = constant(`${node.name}.shape`, [wide.length], wide, 'int64')
  const [expanded] = expand({ ...node, inputs: [view, shape] }, t) as readonly View[]
  const others = repeats.map((count, axis) => (isOne(view, axis) ? 1 : count))
  return [others.reduce((whole, count, axis) => copies(node, t, whole, axis, count), expanded)]
}
