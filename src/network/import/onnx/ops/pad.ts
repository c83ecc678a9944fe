import type { Pair } from '../../../../../ir/op.ts'
import type { Padding } from '../../../../../ir/ops/window.ts'
import { shapeOf } from '../../../../../ir/type.ts'
import { borderAtMost, bordered, hasBorder } from '../../bordered.ts'
import { align, placeOf, relaid } from '../arrange.ts'
import { axisOf, constantAt, numbersOf, type OnnxNode, optionalAt, scalarOf, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Axis, type Of, printDims, type View } from '../view.ts'

const isZero = ([before, after]: Pair): boolean => before === 0 && after === 0

/** A value with axes of extent 1, padded as it is without them. */
const aroundSqueezed = (
  node: OnnxNode,
  t: Translation,
  view: View,
  pads: readonly number[],
  axes: readonly number[],
): View => {
  const padOf = (axis: number): Pair => {
    const k = axes.indexOf(axis)
    return k < 0 ? [0, 0] : [pads[k], pads[k + axes.length]]
  }
  const isOne = (axis: Axis, k: number): boolean => axis !== 'n' && axis.length === 0 && isZero(padOf(k))
  const kept = view.axes.map((_, k) => k).filter(k => !isOne(view.axes[k], k))
  if (kept.length > 4) return refuse('unsupported-shape', `a value of rank ${view.axes.length}`, 'a rank of 2 to 4')
  const inner = kept.map(padOf)
  const ints = (name: string): readonly number[] | undefined =>
    name === 'pads' ? [...inner.map(([before]) => before), ...inner.map(([, after]) => after)] : node.ints(name)
  const squeezed: View = { kind: 'view', node: view.node, axes: kept.map(k => view.axes[k]) }
  const [padded] = pad({ ...node, ints, inputs: [squeezed, undefined, node.inputs[2]] }, t) as readonly [View]
  return { ...padded, axes: view.axes.map((_, k) => (kept.includes(k) ? padded.axes[kept.indexOf(k)] : [])) }
}

export const pad: Rule = (node, t) => {
  const original = viewAt(node, 0)
  const mode = node.text('mode', 'constant')
  const attribute = node.ints('pads')
  const pads = attribute ?? numbersOf(constantAt(node, 1))
  const given = optionalAt(node, 2)
  const value = given === undefined ? node.float('value', 0) : scalarOf(given)
  const listed = optionalAt(node, 3)
  const rank = original.axes.length
  const axes = (listed === undefined ? original.axes.map((_, k) => k) : numbersOf(listed)).map(a => axisOf(a, rank))
  if (pads.length !== 2 * axes.length)
    return refuse('malformed-file', `pads ${printDims(pads)}`, `two for each of ${axes.length} axes`)
  if (pads.every(p => p === 0)) return [original]
  if (rank > 4) return [aroundSqueezed(node, t, original, pads, axes)]
  const view = align(t, original)
  if (exampleType(t, view.node).kind === 'Vector')
    return refuse('unsupported-shape', 'a padded vector', 'a padded image [n, c, h, w]')
  const border = (of: Of): Pair => {
    const k = axes.findIndex(axis => view.layout[axis] === of)
    return k < 0 ? [0, 0] : [pads[k], pads[k + axes.length]]
  }
  axes.forEach((axis, k) => {
    if (view.layout[axis] === 'n' && (pads[k] !== 0 || pads[k + axes.length] !== 0)) placeOf(view, axis)
  })
  const padding: Padding = [border('h'), border('w')]
  const [[top, bottom], [left, right]] = padding
  if (mode !== 'constant') {
    if (mode !== 'reflect' && mode !== 'edge' && mode !== 'wrap')
      return refuse('unsupported-attribute', `mode = ${mode}`, 'constant, reflect, edge or wrap')
    if (!isZero(border('c')) || !hasBorder(shapeOf(exampleType(t, view.node)), padding, mode))
      return refuse(
        'unsupported-shape',
        `a ${mode} border of ${printDims(pads)}`,
        `rows and columns only, at most ${borderAtMost} on a side, and fewer than there are`,
      )
    return [relaid(t, view, bordered(t.build, view.node, padding, mode))]
  }
  if (value === 0 && isZero(border('c')) && top + bottom === 0 && left + right === 0)
    return [relaid(t, view, t.build.transform({ kind: 'shift', dy: bottom, dx: right }, view.node))]
  return [relaid(t, view, t.build.pad(view.node, padding, { channels: border('c'), value, name: node.name }))]
}
