import type { NodeId } from '../../../../ir/graph.ts'
import { asMap } from './arrange.ts'
import { refuse } from './refuse.ts'
import { merged } from './reshape.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, type Axis, dimsOf, extentOf, type Of, printDims, type View, whole } from './view.ts'

/** Operands of an attention as maps whose channels are in heads, and what is found as a value under their axes. */

/** An operand with what its axes are: windows and heads, pixels, and channels of each head. */
export interface Operand {
  readonly view: View
  readonly lead: readonly Atom[]
  readonly pixels: readonly Atom[]
  readonly channels: readonly Atom[]
}

/** The axes of an operand of a product of matrices: the batch, the heads, and the two of each matrix. */
export interface Matrices {
  readonly heads: readonly Atom[]
  readonly rows: readonly Atom[]
  readonly columns: readonly Atom[]
}

export const matricesOf = (view: View): Matrices => {
  const [n, ...rest] = view.axes
  const inner = rest.flatMap(axis => (axis === 'n' ? [] : [axis]))
  if (n !== 'n' || inner.length !== rest.length || rest.length < 2)
    return refuse('unsupported-shape', `a product of ${printDims(dimsOf(view, 'n'))}`, '[n, heads, pixels, channels]')
  return { heads: inner.slice(0, -2).flat(), rows: inner[inner.length - 2], columns: inner[inner.length - 1] }
}

/** A value whose pixels are one axis and whose channels are others; places in a block of pixels may be among them. */
export const pixelwise = (
  t: Translation,
  { node }: View,
  pixels: readonly Atom[],
  channels: readonly Atom[],
): NodeId => {
  const isOfBlock = ({ of, extent, stride }: Atom): boolean =>
    of !== 'c' && stride === 1 && pixels.every(atom => atom.of !== of || atom.stride === extent)
  const wrong = pixels.some(atom => atom.of === 'c') || channels.some(atom => atom.of !== 'c' && !isOfBlock(atom))
  const of = (axis: 'h' | 'w'): readonly Atom[] => pixels.filter(atom => atom.of === axis)
  return wrong
    ? refuse('unsupported-shape', 'a product of two computed values', 'pixels of a map that attend to pixels')
    : asMap(t, node, { h: of('h'), w: of('w'), c: channels })
}

/** In which order pixels are taken: by rows or by columns. */
export const orderOf = (pixels: readonly Atom[]): string => pixels.map(({ of }) => of).join()

/** Digits of channels, the slowest first. */
export const digitsOf = (extents: readonly number[]): readonly (readonly Atom[])[] => {
  let stride = extents.reduce((a, b) => a * b, 1)
  return extents.map((extent): readonly Atom[] => {
    stride /= extent
    return extent === 1 ? [] : [{ of: 'c', extent, stride }]
  })
}

/** The axes of the queries with digits of these channels in place of their own. */
export const withChannels = (
  { axes }: View,
  rows: readonly Atom[],
  channels: readonly (readonly Atom[])[],
): readonly Axis[] => {
  let next = 0
  const apart = axes
    .slice(1, -2)
    .map(own => merged((own as readonly Atom[]).flatMap(atom => (atom.of === 'c' ? channels[next++] : [atom]))))
  return ['n', ...apart, rows, ...channels.slice(-1)]
}

/** What is found, `[h, w, heads · channels]`, under the axes of the queries: heads that are places in blocks are pixels again. */
export const underAxes = (
  t: Translation,
  view: View,
  { heads, rows }: Pick<Matrices, 'heads' | 'rows'>,
  found: NodeId,
): View => {
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
  return { kind: 'view', node, axes: withChannels(view, rows, channels) }
}
