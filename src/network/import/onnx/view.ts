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
  /** The same before some of its axes, of extent 1, were repeated: what is enough beside a value that has them. */
  readonly unrepeated?: View
}

/** Values side by side along an axis that no map has: tokens, and the pixels of a map. */
export interface Joined {
  readonly kind: 'joined'
  readonly axis: number
  readonly parts: readonly View[]
}

/** A value of which an axis is the batch and more, as heads or tokens that count as examples: what it is with all axes apart, and how many of them each ONNX axis is. */
export interface Folded {
  readonly kind: 'folded'
  readonly apart: View | Joined
  readonly groups: readonly number[]
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

export const printDims = (dims: ArrayLike<Scalar | string>): string => `[${Array.from(dims).join(',')}]`

export const sameAtoms = (a: Axis, b: Axis): boolean =>
  a === 'n' || b === 'n'
    ? a === b
    : a.length === b.length &&
      a.every((atom, k) => atom.of === b[k].of && atom.extent === b[k].extent && atom.stride === b[k].stride)

/** A view with its axes in another order. */
export const withOrder = (view: View, order: readonly number[]): View =>
  withAxes(
    view,
    order.map(axis => view.axes[axis]),
  )

/** Other numbers under a view's axes: what was known of its own, as that they are a stack, is not known of them. */
export const withNode = ({ axes }: View, node: NodeId): View => ({ kind: 'view', node, axes })

export const withAxes = (view: View, axes: readonly Axis[]): View => ({ kind: 'view', node: view.node, axes })
