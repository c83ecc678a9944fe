import { channelRuns } from '../../../../ir/channel-runs.ts'
import { compose, type Element } from '../../../../ir/dihedral.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import type { Pair } from '../../../../ir/op.ts'
import { sizeOf } from '../../../../ir/tensor.ts'
import { shapeOf } from '../../../../ir/type.ts'
import { channelOrder, inexpressible, permuteChannels } from './channels.ts'
import { refuse } from './refuse.ts'
import { exampleType, type Translation } from './translation.ts'
import {
  type Atom,
  type Axis,
  extentOf,
  isWhole,
  type Layout,
  type Of,
  sameAtoms,
  type View,
  viewOf,
  whole,
} from './view.ts'

const order: readonly Of[] = ['h', 'w', 'c']

/** A map under an element of D4: one act of a map that is acted on already. */
export const actOn = (t: Translation, element: Element, node: NodeId): NodeId => {
  const inner = t.build.draft.nodes[node]
  const [operand, whole] =
    inner.tag === 'Act' ? [inner.operands[0], compose(element, inner.attributes.element)] : [node, element]
  return whole === 'id' ? operand : t.build.act(whole, operand)
}

type MapAtoms = { readonly [A in Of]: readonly Atom[] }

/** The extent of the innermost digit of an axis that stands among the channels: of a block of pixels. */
const blockAlong = (of: 'h' | 'w', { c }: MapAtoms): number =>
  c.find(atom => atom.of === of && atom.stride === 1)?.extent ?? 1

/** Channels of so many runs in another order are convolved pixel by pixel of a block instead. */
const blockRunsAtMost = 64

/** A depthwise filter that picks one pixel of a block of each channel. */
const pixelOf = (t: Translation, [r, s]: Pair, channels: number, pixel: number): NodeId =>
  t.table(
    'pixel of a block',
    [r, s, 1, channels],
    at => (Math.floor(at / channels) === pixel ? 1 : 0),
    `pixel ${pixel}`,
  )

/** Blocks of pixels as channels, by a convolution that steps from one to the next and picks each of its pixels, channel by channel. */
const spaceToDepth = (t: Translation, node: NodeId, atoms: MapAtoms): NodeId | null => {
  const type = exampleType(t, node)
  if (type.kind !== 'Map') return null
  const [r, s] = [blockAlong('h', atoms), blockAlong('w', atoms)]
  if (r * s === 1) return null
  const outside = (of: 'h' | 'w', block: number): boolean => {
    const left = type[of] / block
    const [atom, ...more] = atoms[of]
    if (more.length > 0) return false
    return atom === undefined ? left === 1 : atom.of === of && atom.extent === left && atom.stride === block
  }
  if (!outside('h', r) || !outside('w', s)) return null
  const size = r * s
  const by = { strides: [r, s], groups: type.c } as const
  const moved = (pixel: number, channel: number): { readonly [A in Of]: (atom: Atom) => Atom } => ({
    h: ({ extent }) => ({ of: 'c', extent, stride: pixel * s }),
    w: ({ extent }) => ({ of: 'c', extent, stride: pixel }),
    c: ({ extent, stride }) => ({ of: 'c', extent, stride: stride * channel }),
  })
  const inChannels = moved(1, size)
  const runs = channelRuns(channelOrder(atoms.c.map(atom => inChannels[atom.of](atom)))).length
  const filter = (): NodeId =>
    t.table('pixels of a block', [r, s, 1, type.c * size], at => {
      const [pixel, output] = [Math.floor(at / (type.c * size)), at % size]
      return pixel === output ? 1 : 0
    })
  const pixelByPixel = (): NodeId =>
    t.build.concat(
      Array.from({ length: size }, (_, pixel) => t.build.conv2d(node, pixelOf(t, [r, s], type.c, pixel), by)),
    )
  const [blocks, places] =
    runs > blockRunsAtMost ? [pixelByPixel(), moved(type.c, 1)] : [t.build.conv2d(node, filter(), by), inChannels]
  const result = exampleType(t, blocks)
  return asMap(t, blocks, {
    h: atoms.h.length === 0 ? [] : whole(result, 'h'),
    w: atoms.w.length === 0 ? [] : whole(result, 'w'),
    c: atoms.c.map(atom => places[atom.of](atom)),
  })
}

/** Channels as blocks of pixels, by a transposed convolution. */
const depthToSpace = (t: Translation, node: NodeId, atoms: MapAtoms): NodeId | null => {
  const type = exampleType(t, node)
  if (type.kind !== 'Map' || !atoms.c.every(atom => atom.of === 'c')) return null
  const inside = (of: 'h' | 'w'): readonly Atom[] | null => {
    const outer = whole(type, of)
    const rest = atoms[of].slice(outer.length)
    const isOuter = sameAtoms(atoms[of].slice(0, outer.length), outer)
    return isOuter && rest.length <= 1 && rest.every(atom => atom.of === 'c') ? rest : null
  }
  const [rows, columns] = [inside('h'), inside('w')]
  if (rows === null || columns === null || rows.length + columns.length === 0) return null
  const order = channelOrder([...atoms.c, ...rows, ...columns])
  if (order.length !== type.c) return null
  const [r, s] = [extentOf(rows), extentOf(columns)]
  const size = r * s
  const each = type.c / size
  const spread = (channels: NodeId, filter: NodeId): NodeId =>
    t.build.draft.add('Conv2dTranspose', [channels, filter], {
      strides: [r, s],
      dilations: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      groups: each,
      extents: [type.h * r, type.w * s],
    })
  if (channelRuns(order).length > blockRunsAtMost) {
    const sorted = permuteChannels(t, node, channelOrder([...rows, ...columns, ...atoms.c]))
    return Array.from({ length: size }, (_, pixel) =>
      spread(t.build.slice(sorted, pixel * each, each), pixelOf(t, [r, s], each, pixel)),
    ).reduce((a, b) => t.build.add(a, b))
  }
  const filter = t.table('pixels of a block', [r, s, 1, type.c], at => (Math.floor(at / type.c) === at % size ? 1 : 0))
  return spread(permuteChannels(t, node, order), filter)
}

/** A map whose axes are these atoms of the node: the node itself, or what must be added to have them so. */
export const asMap = (t: Translation, node: NodeId, atoms: MapAtoms): NodeId => {
  const type = exampleType(t, node)
  const blocks = spaceToDepth(t, node, atoms) ?? depthToSpace(t, node, atoms)
  if (blocks !== null) return blocks
  const shuffled = order.find(of => atoms[of].length > 1 && atoms[of].every(atom => atom.of === 'c'))
  if (shuffled !== undefined) {
    const permutation = channelOrder(atoms[shuffled])
    if (permutation.length !== type.c) return inexpressible('a part of the channels as an axis')
    const whole = [{ of: 'c' as const, extent: type.c, stride: 1 }]
    return asMap(t, permuteChannels(t, node, permutation), { ...atoms, [shuffled]: whole })
  }
  if (atoms.h.length === 0 && atoms.w.length === 0 && atoms.c.length > 1)
    return t.build.unflatten(asVector(t, node, atoms.c))
  for (const of of order)
    if (atoms[of].length > 1 || atoms[of].some(atom => !isWhole(type, atom)))
      return inexpressible('a value whose axes are cut or joined')
  const used = order.flatMap(of => atoms[of].map(atom => atom.of))
  const unused = order.filter(of => !used.includes(of))
  const at = order.map(of => {
    const own = unused.includes(of) ? of : unused[0]
    const source = atoms[of][0]?.of ?? own
    if (atoms[of].length === 0) unused.splice(unused.indexOf(own), 1)
    return order.indexOf(source)
  })
  const map = type.kind === 'Map' ? node : t.build.unflatten(node)
  if (at.join() === '1,0,2') return actOn(t, 'transpose', map)
  return at.every((axis, k) => axis === k) ? map : t.build.transpose(map, at)
}

const isOrdered = (sequence: readonly Of[], wanted: readonly Of[]): boolean =>
  sequence.every((of, k) => k === 0 || wanted.indexOf(sequence[k - 1]) < wanted.indexOf(of))

/** A vector whose channels are these atoms of the node, the slowest first. */
export const asVector = (t: Translation, node: NodeId, atoms: readonly Atom[]): NodeId => {
  const type = exampleType(t, node)
  if (type.kind === 'Vector') {
    if (atoms.every(atom => isWhole(type, atom))) return node
    const permutation = channelOrder(atoms)
    return permutation.length === type.c ? permuteChannels(t, node, permutation) : inexpressible('a part of a vector')
  }
  const first = atoms.findIndex(atom => atom.of === 'c')
  const last = atoms.findLastIndex(atom => atom.of === 'c')
  const channels = atoms.slice(first, last + 1)
  if (channels.length > 1 && channels.every(atom => atom.of === 'c') && extentOf(channels) === type.c) {
    const whole = { of: 'c' as const, extent: type.c, stride: 1 }
    const shuffled = permuteChannels(t, node, channelOrder(channels))
    return asVector(t, shuffled, [...atoms.slice(0, first), whole, ...atoms.slice(last + 1)])
  }
  if (!atoms.every(atom => isWhole(type, atom))) {
    if (extentOf(atoms) !== sizeOf(shapeOf(type))) return inexpressible('a flattening of a part of a map')
    // Rows, columns or channels that are cut are in order only among all numbers of the map.
    const inner = { h: type.w * type.c, w: type.c, c: 1 }
    const digits = atoms.map(({ of, extent, stride }): Atom => ({ of: 'c', extent, stride: stride * inner[of] }))
    return asVector(t, t.build.flatten(node, 'hwc'), digits)
  }
  const sequence = atoms.map(atom => atom.of)
  if (isOrdered(sequence, ['h', 'w', 'c'])) return t.build.flatten(node, 'hwc')
  if (isOrdered(sequence, ['c', 'h', 'w'])) return t.build.flatten(node, 'chw')
  const all = [...order.filter(of => !sequence.includes(of)), ...sequence]
  return t.build.flatten(
    t.build.transpose(
      node,
      all.map(of => order.indexOf(of)),
    ),
    'hwc',
  )
}

/** A view whose every ONNX axis but the batch's is one axis of a map (or the channels of a vector, for rank 2). */
export interface Aligned extends View {
  readonly layout: Layout
}

const atomsAt = (axes: readonly Axis[], at: number): readonly Atom[] => (at < 0 ? [] : (axes[at] as readonly Atom[]))

/** The view with its node arranged to a layout in which every axis of extent over 1 has a place, the batch where the view has it. */
export const alignTo = (t: Translation, view: View, layout: Layout): Aligned => {
  if (view.axes.indexOf('n') !== layout.indexOf('n'))
    return refuse('unsupported-shape', 'values whose batches are different axes', 'the batch as the same axis of each')
  const at = (of: Of): readonly Atom[] => atomsAt(view.axes, layout.indexOf(of))
  const node =
    layout.length === 2 ? asVector(t, view.node, at('c')) : asMap(t, view.node, { h: at('h'), w: at('w'), c: at('c') })
  return { ...viewOf(node, exampleType(t, node), layout), layout }
}

/** Aligns a view of rank 2 to 4, axes staying what they are in the node where they can; `[n, c, h, w]` where not. */
export const align = (t: Translation, view: View): Aligned => {
  const { axes } = view
  const type = exampleType(t, view.node)
  if (axes.length < 2 || axes.length > 4)
    return refuse('unsupported-shape', `a value of rank ${axes.length}`, 'a rank of 2 to 4')
  const isMixed = axes.some(axis => axis !== 'n' && new Set(axis.map(({ of }) => of)).size > 1)
  if (axes.length === 2) return alignTo(t, view, axes[0] === 'n' ? ['n', 'c'] : ['c', 'n'])
  const taken = new Set<Of>()
  const own = axes.map(axis => {
    if (axis === 'n') return 'n'
    const [atom] = axis
    // Rows or columns of blocks stay rows or columns beside an axis that takes what is left of them.
    const isItsOwn = axis.length === 1 && (isWhole(type, atom) || (atom.of !== 'c' && isMixed))
    if (!isItsOwn || taken.has(atom.of)) return null
    taken.add(atom.of)
    return atom.of
  })
  const usual: readonly Of[] = ['c', 'h', 'w']
  let position = 0
  const layout = own.map(of => {
    if (of === 'n') return of
    const wanted = usual[position++]
    if (of !== null) return of
    const free = taken.has(wanted) ? (usual.find(other => !taken.has(other)) as Of) : wanted
    taken.add(free)
    return free
  })
  return alignTo(t, view, layout)
}

/** A map read as `[n, c, h, w]`: what convolutions and poolings take. */
export const asImage = (t: Translation, view: View): NodeId => {
  const [n, c, h, w] = view.axes
  if (view.axes.length !== 4 || n !== 'n')
    return refuse('unsupported-shape', `a value of rank ${view.axes.length}`, 'an image [n, c, h, w]')
  return asMap(t, view.node, { h: h as readonly Atom[], w: w as readonly Atom[], c: c as readonly Atom[] })
}

/** The axis of the node that an ONNX axis is; refused where it is the batch, or none. */
export const placeOf = ({ layout }: Aligned, axis: number): Of => {
  const of = layout[axis]
  return of === 'n' || of === null
    ? refuse(
        'unsupported-shape',
        'an operation along the batch',
        'one along axes of an example',
        'merge separate forwards instead of stacking images in a batch',
      )
    : of
}

/** Another node under the layout of a value. */
export const relaid = (t: Translation, view: Aligned, node: NodeId): Aligned => ({
  ...viewOf(node, exampleType(t, node), view.layout),
  layout: view.layout,
})
