import { align, alignTo, asMap, placeOf, relaid } from '../arrange.ts'
import { knownValue } from '../known-value.ts'
import { axisOf, viewAt } from '../node.ts'
import { together } from '../pieces.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { type Atom, type Axis, extentOf, type Of, type View, viewOf, whole } from '../view.ts'

/** Values side by side along an axis of which, as of all but rows and columns, the channels have a digit. */
const concatDigits = (t: Translation, views: readonly View[], axis: number, name: string): View => {
  const atomsOf = (view: View, of: Of): readonly Atom[] =>
    view.axes.flatMap((own, k) => (own === 'n' || k === axis ? [] : own.filter(atom => atom.of === of)))
  const [first] = views
  const joined = views.map(view => view.axes[axis] as readonly Atom[])
  const others = (view: View): string => view.axes.flatMap((own, k) => (k === axis ? [] : [printAxis(own)])).join()
  if (joined.some(own => own.some(atom => atom.of !== 'c')) || views.some(view => others(view) !== others(first)))
    return refuse('unsupported-shape', `values of rank ${first.axes.length} side by side`, 'along channels')
  const parts = views.map((view, k) =>
    asMap(t, view.node, { h: atomsOf(view, 'h'), w: atomsOf(view, 'w'), c: [...joined[k], ...atomsOf(view, 'c')] }),
  )
  const node = t.build.concat(parts, undefined, name)
  const type = exampleType(t, node)
  const count = joined.reduce((n, own) => n + extentOf(own), 0)
  let stride = type.c / count
  const along: Axis = count === 1 ? [] : [{ of: 'c', extent: count, stride }]
  const axes = first.axes.map((own, k): Axis => {
    if (k === axis) return along
    if (own === 'n') return own
    return own.map(atom => {
      if (atom.of !== 'c') return whole(type, atom.of)[0]
      stride /= atom.extent
      return { of: 'c', extent: atom.extent, stride }
    })
  })
  return { kind: 'view', node, axes }
}

const printAxis = (axis: Axis): string =>
  axis === 'n' ? axis : axis.map(({ of, extent }) => `${of}${extent}`).join('·')

export const concat: Rule = (node, t) => {
  const views = node.inputs.flatMap(value => (value?.kind === 'view' ? [value] : []))
  const all = views.length === node.inputs.length
  const axis = axisOf(node.int('axis', 1), views[0].axes.length)
  if (views[0].axes.length > 4 && views[0].axes[axis] !== 'n') {
    const view = concatDigits(
      t,
      node.inputs.map((_, at) => viewAt(node, at)),
      axis,
      node.name,
    )
    return [
      views.every(part => extentOf(part.axes[axis] as []) === 1) ? { ...view, stack: { axis, parts: views } } : view,
    ]
  }
  const other = views.find(view => view.axes.length !== views[0].axes.length)
  if (other !== undefined)
    return refuse('unsupported-shape', `values of ranks ${views[0].axes.length} and ${other.axes.length}`, 'one rank')
  const largest = views.reduce((a, b) => (b.axes.flat().length > a.axes.flat().length ? b : a))
  const base = align(t, largest)
  const parts = node.inputs.map((value, at) =>
    value?.kind === 'constant' && base.layout[axis] !== 'n'
      ? knownValue(t, value, base.node, base.layout, node.name)
      : alignTo(t, viewAt(node, at), base.layout).node,
  )
  if (base.layout[axis] === 'n') return [relaid(t, base, t.build.draft.add('Stack', parts, {}, node.name))]
  const of = placeOf(base, axis)
  const joined = of === 'c' ? t.build.concat(parts, undefined, node.name) : together(t, parts, of, node.name)
  const view: View = viewOf(joined, exampleType(t, joined), base.layout)
  const stacked = all && views.every(part => extentOf(part.axes[axis] as []) === 1)
  return [stacked ? { ...view, stack: { axis, parts: views } } : view]
}
