import type { NodeId } from '../../../../ir/graph.ts'
import { asMap } from './arrange.ts'
import { viewAt } from './node.ts'
import { refuse } from './refuse.ts'
import { merged } from './reshape.ts'
import { exampleType, type Rule, type Translation } from './translation.ts'
import { type Atom, dimsOf, extentOf, type Of, printDims, type View, whole, withAxes } from './view.ts'

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

/** A value whose pixels are one axis and whose channels are others; places in a block of pixels may be among them. */
const pixelwise = (t: Translation, { node }: View, pixels: readonly Atom[], channels: readonly Atom[]): NodeId => {
  const isOfBlock = ({ of, extent, stride }: Atom): boolean =>
    of !== 'c' && stride === 1 && pixels.every(atom => atom.of !== of || atom.stride === extent)
  const wrong = pixels.some(atom => atom.of === 'c') || channels.some(atom => atom.of !== 'c' && !isOfBlock(atom))
  const of = (axis: 'h' | 'w'): readonly Atom[] => pixels.filter(atom => atom.of === axis)
  return wrong
    ? refuse('unsupported-shape', 'a product of two computed values', 'pixels of a map that attend to pixels')
    : asMap(t, node, { h: of('h'), w: of('w'), c: channels })
}

/** In which order pixels are taken: by rows or by columns. */
const orderOf = (pixels: readonly Atom[]): string => pixels.map(({ of }) => of).join()

/** Digits of channels, the slowest first. */
const digitsOf = (extents: readonly number[]): readonly (readonly Atom[])[] => {
  let stride = extents.reduce((a, b) => a * b, 1)
  return extents.map((extent): readonly Atom[] => {
    stride /= extent
    return extent === 1 ? [] : [{ of: 'c', extent, stride }]
  })
}

/** What is found, `[h, w, heads · channels]`, under the axes of the queries: heads that are places in blocks are pixels again. */
const underAxes = (t: Translation, { axes }: View, { heads, rows }: Matrices, found: NodeId): View => {
  const type = exampleType(t, found)
  const each = type.c / extentOf(heads)
  const digits = digitsOf([...heads.map(({ extent }) => extent), each])
  const ofHeads = (of: Of): readonly Atom[] => heads.flatMap((atom, k) => (atom.of === of ? digits[k] : []))
  const node = asMap(t, found, {
    h: [...whole(type, 'h'), ...ofHeads('h')],
    w: [...whole(type, 'w'), ...ofHeads('w')],
    c: [...ofHeads('c'), ...digits[heads.length]],
  })
  const channels = digitsOf([...ofHeads('c').map(({ extent }) => extent), each])
  let next = 0
  const apart = axes
    .slice(1, -2)
    .map(own => merged((own as readonly Atom[]).flatMap(atom => (atom.of === 'c' ? channels[next++] : [atom]))))
  return { kind: 'view', node, axes: ['n', ...apart, rows, ...channels.slice(-1)] }
}

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
    const operands = memory.map((view, at) => {
      const { heads: own, rows, columns } = matricesOf(view)
      if (extentOf(own) !== heads)
        return refuse('unsupported-shape', 'heads that share their keys or values', 'keys and values of each head')
      const [pixels, channels] = (at < pairs ? keysTurned : valuesTurned) ? [columns, rows] : [rows, columns]
      return { view, own, pixels, channels }
    })
    const [, only] = operands
    if (pairs === 1 && [queries.rows, only.pixels].every(pixels => pixels.length === 0))
      return [withAxes(only.view, [...only.view.axes.slice(0, -2), only.pixels, only.channels])]
    const found = operands.map(({ view, own, pixels, channels }) => ({
      order: orderOf(pixels),
      map: pixelwise(t, view, pixels, [...own, ...channels]),
    }))
    const asked = pixelwise(t, q, queries.rows, [...queries.heads, ...queries.columns])
    const inPairs = found.slice(0, pairs).flatMap((keys, k) => {
      const values = found[pairs + k]
      return keys.order === values.order
        ? [keys.map, values.map]
        : refuse('unsupported-shape', 'keys and values whose pixels are in different orders', 'one order')
    })
    const y = t.build.draft.add('Attention', [asked, ...inPairs], { heads, scale }, node.name)
    return [underAxes(t, q, queries, y)]
  }
