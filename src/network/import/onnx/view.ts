import type { NodeId } from '../../../../ir/graph.ts'
import type { MapType, VectorType } from '../../../../ir/type.ts'
import type { Scalar } from './constant.ts'

/** An axis of the IR's value: of a map, or `c` of a vector. */
export type Of = 'h' | 'w' | 'c'

/** A digit of the index along an axis of the IR's value: where it stands `extent` values apart by `stride`. */
export interface Atom {
  readonly of: Of
  readonly extent: number
  readonly stride: number
}

/** An ONNX axis: the batch, or the product of atoms, the slowest first; none for an extent of 1. */
export type Axis = 'n' | readonly Atom[]

/**
 * An ONNX value as a way to read a node's: transposing, flattening and reshaping only change the view, and nodes are
 * added where an op needs another layout than the one at hand.
 */
export interface View {
  readonly kind: 'view'
  readonly node: NodeId
  readonly axes: readonly Axis[]
  /** For a stack of equal values along a new axis: its parts, so that a mean over that axis is seen as one over them. */
  readonly stack?: { readonly axis: number; readonly parts: readonly View[] }
}

/** Which axis of the IR's value each ONNX axis is; null where it has extent 1 and is none. */
export type Layout = readonly ('n' | Of | null)[]

export const nchw: Layout = ['n', 'c', 'h', 'w']

type ExampleType = MapType | VectorType

export const extentAlong = (type: ExampleType, of: Of): number =>
  type.kind === 'Map' ? type[of] : of === 'c' ? type.c : 1

/** A node read under a layout. */
export const viewOf = (node: NodeId, type: ExampleType, layout: Layout): View => ({
  kind: 'view',
  node,
  axes: layout.map(of => (of === 'n' ? 'n' : of === null ? [] : whole(type, of))),
})

/** The atoms that are all of an axis: none for an extent of 1. */
export const whole = (type: ExampleType, of: Of): readonly Atom[] => {
  const extent = extentAlong(type, of)
  return extent === 1 ? [] : [{ of, extent, stride: 1 }]
}

export const isWhole = (type: ExampleType, atom: Atom): boolean =>
  atom.stride === 1 && atom.extent === extentAlong(type, atom.of)

export const extentOf = (atoms: readonly Atom[]): number => atoms.reduce((n, atom) => n * atom.extent, 1)

/** The view's shape in ONNX's order. */
export const dimsOf = ({ axes }: View, batch: Scalar): readonly Scalar[] =>
  axes.map(axis => (axis === 'n' ? batch : extentOf(axis)))

export const printDims = (dims: ArrayLike<Scalar>): string => `[${Array.from(dims).join(',')}]`

export const sameAtoms = (a: Axis, b: Axis): boolean =>
  a === 'n' || b === 'n'
    ? a === b
    : a.length === b.length &&
      a.every((atom, k) => atom.of === b[k].of && atom.extent === b[k].extent && atom.stride === b[k].stride)

export const withAxes = (view: View, axes: readonly Axis[]): View => ({ kind: 'view', node: view.node, axes })

/** Neighbours that together are one longer run become one atom. */
const joined = (atoms: readonly Atom[]): readonly Atom[] => {
  const out: Atom[] = []
  for (const atom of atoms) {
    const last = out.at(-1)
    if (last !== undefined && last.of === atom.of && last.stride === atom.extent * atom.stride)
      out[out.length - 1] = { of: atom.of, extent: last.extent * atom.extent, stride: atom.stride }
    else if (atom.extent > 1) out.push(atom)
  }
  return out
}

/** A view whose batch is the first axis: a batch of one example may stand anywhere. */
const batchFirst = (view: View, batch: Scalar): View =>
  view.axes[0] === 'n' || batch !== 1 ? view : withAxes(view, ['n', ...view.axes.filter(axis => axis !== 'n')])

/** The view under new dims, whose first is the batch's; a reason where the dims mix examples or cut an axis unevenly. */
export const reshapeView = (given: View, dims: readonly Scalar[], batch: Scalar): View | string => {
  const view = batchFirst(given, batch)
  if (view.axes[0] !== 'n') return 'a batch axis that is not the first'
  const source = view.axes.slice(1).flatMap(axis => (axis === 'n' ? [] : axis))
  const size = extentOf(source)
  const target = dims.map((d, k) => (d === 0 ? (dimsOf(given, batch)[k] ?? 1) : d))
  const rest = target.slice(1)
  if (rest.some(d => d === 'n')) return 'the size of the batch inside an example'
  const inner = rest as readonly number[]
  const known = inner.reduce((n, d) => (d === -1 ? n : n * d), 1)
  const open = inner.includes(-1)
  const extents = inner.map(d => (d === -1 ? size / known : d))
  const [first] = target
  if (first !== 'n' && first !== -1 && first !== batch)
    return `a batch of ${first} where the graph's is ${batch === 'n' ? 'open' : batch}`
  if (first === -1 && open) return 'two open extents'
  if (extents.some(d => !Number.isSafeInteger(d) || d < 1) || extents.reduce((n, d) => n * d, 1) !== size)
    return `${size} values an example, which do not fill it`
  const left = [...source]
  const axes: Axis[] = ['n']
  for (const extent of extents) {
    const taken: Atom[] = []
    let need = extent
    while (need > 1) {
      const atom = left.shift() as Atom
      if (need % atom.extent === 0) {
        taken.push(atom)
        need /= atom.extent
      } else if (atom.extent % need === 0) {
        const inside = atom.extent / need
        taken.push({ of: atom.of, extent: need, stride: atom.stride * inside })
        left.unshift({ of: atom.of, extent: inside, stride: atom.stride })
        need = 1
      } else return `an axis of ${atom.extent} cut unevenly`
    }
    axes.push(joined(taken))
  }
  return withAxes(view, axes)
}
