import type { NodeId } from '../../../../ir/graph.ts'
import { asMap } from './arrange.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { exampleType, type Rule, type Translation } from './translation.ts'
import { type Atom, type Axis, dimsOf, extentOf, printDims, type View, whole } from './view.ts'

/** The axes of an operand of a product of matrices: the batch, the heads, and the two of each matrix. */
interface Matrices {
  readonly heads: readonly Atom[]
  readonly rows: readonly Atom[]
  readonly columns: readonly Atom[]
}

const matricesOf = (view: View): Matrices => {
  const [n, ...rest] = view.axes
  const inner = rest.flatMap(axis => (axis === 'n' ? [] : [axis]))
  if (n !== 'n' || inner.length !== rest.length || rest.length < 2)
    return refuse('unsupported-shape', `a product of ${printDims(dimsOf(view, 'n'))}`, '[n, heads, pixels, channels]')
  return { heads: inner.slice(0, -2).flat(), rows: inner[inner.length - 2], columns: inner[inner.length - 1] }
}

/** A value whose pixels are one axis and whose channels are others. */
const pixelwise = (t: Translation, { node }: View, pixels: readonly Atom[], channels: readonly Atom[]): NodeId => {
  const wrong = pixels.some(atom => atom.of === 'c') || channels.some(atom => atom.of !== 'c')
  const of = (axis: 'h' | 'w'): readonly Atom[] => pixels.filter(atom => atom.of === axis)
  return wrong
    ? refuse('unsupported-shape', 'a product of two computed values', 'pixels of a map that attend to pixels')
    : asMap(t, node, { h: of('h'), w: of('w'), c: channels })
}

/** In which order pixels are taken: by rows or by columns. */
const orderOf = (pixels: readonly Atom[]): string => pixels.map(({ of }) => of).join()

/** How an attention is written: its scale, and whether keys and values are `[n, heads, channels, pixels]`. */
interface Spelling {
  readonly scale: number
  readonly keysTurned: boolean
  readonly valuesTurned: boolean
}

/** `softmax(scale · q × k) × v` of queries and as many maps of keys as of values. */
export const attend =
  ({ scale, keysTurned, valuesTurned }: Spelling): Rule =>
  (node, t) => {
    const [q, ...memory] = node.inputs.map((_, at) => viewAt(node, at))
    if (memory.some(view => view.axes.length !== q.axes.length))
      return refuse('unsupported-shape', 'an attention of values of several ranks', 'keys and values of each head')
    const queries = matricesOf(q)
    const pairs = memory.length / 2
    const heads = extentOf(queries.heads)
    const found = memory.map((view, at) => {
      const { heads: own, rows, columns } = matricesOf(view)
      if (extentOf(own) !== heads)
        return refuse('unsupported-shape', 'heads that share their keys or values', 'keys and values of each head')
      const [pixels, channels] = (at < pairs ? keysTurned : valuesTurned) ? [columns, rows] : [rows, columns]
      return { order: orderOf(pixels), map: pixelwise(t, view, pixels, [...own, ...channels]) }
    })
    const asked = pixelwise(t, q, queries.rows, [...queries.heads, ...queries.columns])
    const inPairs = found.slice(0, pairs).flatMap((keys, k) => {
      const values = found[pairs + k]
      return keys.order === values.order
        ? [keys.map, values.map]
        : refuse('unsupported-shape', 'keys and values whose pixels are in different orders', 'one order')
    })
    const y = t.build.draft.add('Attention', [asked, ...inPairs], { heads, scale }, node.name)
    const type = exampleType(t, y)
    let stride = type.c
    const digit = (extent: number): Axis => {
      stride /= extent
      return extent === 1 ? [] : [{ of: 'c', extent, stride }]
    }
    const headAxes = q.axes.slice(1, -2).map(own => digit(extentOf(own as readonly Atom[])))
    const pixels = queries.rows.flatMap(({ of }) => whole(type, of))
    return [{ kind: 'view', node: y, axes: ['n', ...headAxes, pixels, digit(type.c / heads)] }]
  }
