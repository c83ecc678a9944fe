import { sizeOf } from '../../../../ir/tensor.ts'
import { axesAtMost, type Scalar } from './constant.ts'
import { batchOf, dimsOfLifted, folded, printLifted } from './folded.ts'
import { dimsOfJoined, extentsOf, total } from './joined.ts'
import { constantAt, integersOf, type Lifted, type OnnxNode } from './node.ts'
import { refuse } from './refuse.ts'
import type { Translation } from './translation.ts'
import { type Atom, type Axis, dimsOf, type Folded, type Joined, printDims, type View, withAxes } from './view.ts'

/** A number of axes that a value may have. @throws Refusal */
export const fewAxes = (count: number): number =>
  count <= axesAtMost ? count : refuse('unsupported-shape', `a value of ${count} axes`, `at most ${axesAtMost}`)

/** Neighbours that together are one longer run become one atom. */
export const merged = (atoms: readonly Atom[]): readonly Atom[] => {
  const out: Atom[] = []
  for (const atom of atoms) {
    const last = out.at(-1)
    if (last !== undefined && last.of === atom.of && last.stride === atom.extent * atom.stride)
      out[out.length - 1] = { of: atom.of, extent: last.extent * atom.extent, stride: atom.stride }
    else if (atom.extent > 1) out.push(atom)
  }
  return out
}

const atomsOf = ({ axes }: View): readonly Atom[] => axes.flatMap(axis => (axis === 'n' ? [] : axis))

const isExtent = (d: Scalar): d is number => d !== 'n'

/** Atoms as axes of these extents; a reason where they would be cut unevenly. */
const cutInto = (source: readonly Atom[], extents: readonly number[]): readonly Axis[] | string => {
  const left = [...source]
  const axes: Axis[] = []
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
    axes.push(merged(taken))
  }
  return axes
}

/** The view under extents that it fills, among which the batch has its place. */
const viewUnder = (view: View, dims: readonly Scalar[]): View | string => {
  const axes = cutInto(merged(atomsOf(view)), dims.filter(isExtent))
  if (typeof axes === 'string') return axes
  let at = 0
  return withAxes(
    view,
    dims.map(d => (d === 'n' ? d : axes[at++])),
  )
}

/** Values side by side under extents of which one is that of the axis along which they stand. */
const joinedUnder = (value: Joined, dims: readonly Scalar[]): Joined | string => {
  const extents = extentsOf(value)
  const before = (all: readonly Scalar[], axis: number): number => sizeOf(all.slice(0, axis).filter(isExtent))
  const inFront = before(dimsOfJoined(value, 'n'), value.axis)
  const axis = dims.findIndex((d, k) => d === total(extents) && before(dims, k) === inFront)
  if (axis < 0) return 'pixels beside tokens that are cut or joined'
  const parts = value.parts.map((part, k) =>
    viewUnder(
      part,
      dims.map((d, at) => (at === axis ? extents[k] : d)),
    ),
  )
  return parts.find(part => typeof part === 'string') ?? { kind: 'joined', axis, parts: parts as readonly View[] }
}

/**
 * The extents that each axis of a shape is made of, the batch as `n`: where it is among `own`, one of a single example
 * anywhere. A reason where the shape is not filled or mixes examples.
 */
const placed = (
  own: readonly Scalar[],
  shape: readonly Scalar[],
  batch: Scalar,
): readonly (readonly Scalar[])[] | string => {
  const [open, marked] = [shape.indexOf(-1), shape.indexOf('n')]
  if (open !== shape.lastIndexOf(-1)) return 'two open extents'
  if (marked !== shape.lastIndexOf('n')) return 'the size of the batch inside an example'
  if (shape.length === 0) return 'no axis for the batch'
  const wrongBatch = `a batch of ${shape[0]} where the graph's is ${batch === 'n' ? 'open' : batch}`
  if (batch === 'n' && marked < 0 && open < 0) return wrongBatch
  const size = sizeOf(own.filter(isExtent))
  const examples = marked < 0 && batch !== 'n' ? batch : 1
  const known = sizeOf(shape.filter(isExtent).filter(d => d !== -1))
  const dims = shape.map(d => (d === 'n' ? 1 : d === -1 ? (size * examples) / known : d))
  if (dims.some(d => !Number.isSafeInteger(d) || d < 1) || sizeOf(dims) !== size * examples)
    return marked < 0 && shape[0] !== -1 && shape[0] !== batch
      ? wrongBatch
      : `${size} values an example, which do not fill it`
  if (batch === 1) {
    const at = marked < 0 ? dims.indexOf(1) : marked
    return dims.map((d, k) => (k === at ? ['n'] : at < 0 && k === 0 ? ['n', d] : [d]))
  }
  const inFront = sizeOf(own.slice(0, own.indexOf('n')).filter(isExtent))
  const outside = (at: number): number => inFront / sizeOf(dims.slice(0, at))
  const inside = (at: number): number => dims[at] / examples / outside(at)
  const mayHold = (at: number): boolean => (marked < 0 ? batch !== 'n' || at === open : at === marked)
  const at = dims.findIndex((_, k) => mayHold(k) && [outside(k), inside(k)].every(Number.isSafeInteger))
  return at < 0
    ? 'examples that it mixes'
    : dims.map((d, k) => (k === at ? [outside(at), 'n' as const, inside(at)].filter(part => part !== 1) : [d]))
}

/** A value under another shape, in which an axis may be the batch and more; a reason where examples or tokens mix. */
const underShape = (value: View | Joined | Folded, shape: readonly Scalar[], t: Translation): Lifted | string => {
  const batch = batchOf(t, value)
  const apart = value.kind === 'folded' ? value.apart : value
  const groups = placed(
    apart.kind === 'view' ? dimsOf(apart, 'n') : dimsOfJoined(apart, 'n'),
    shape.map((d, k) => (d === 0 ? (dimsOfLifted(value, batch)[k] ?? 1) : d)),
    batch,
  )
  if (typeof groups === 'string') return groups
  const result = apart.kind === 'view' ? viewUnder(apart, groups.flat()) : joinedUnder(apart, groups.flat())
  if (typeof result === 'string') return result
  return folded(
    t,
    result,
    groups.map(group => group.length),
  )
}

/** The view under new dims, whose first is the batch's; a reason where the dims mix examples or cut an axis unevenly. */
export const reshapeView = (view: View, dims: readonly Scalar[], t: Translation): View | string => {
  const result = underShape(view, dims, t)
  if (typeof result === 'string') return result
  return result.kind === 'view' && result.axes[0] === 'n' ? result : 'a batch that is not the first axis'
}

/** What a `Reshape` makes of a value. */
export const reshaped = (node: OnnxNode, value: View | Joined | Folded, t: Translation): Lifted => {
  const shape = node.ints('shape') ?? integersOf(constantAt(node, 1))
  if (node.int('allowzero', 0) !== 0 && shape.includes(0)) return refuse('unsupported-attribute', 'allowzero = 1', '0')
  fewAxes(shape.length)
  const result = underShape(value, shape, t)
  return typeof result === 'string'
    ? refuse(
        'unsupported-shape',
        `${printLifted(value, batchOf(t, value))} under shape ${printDims(shape)}: ${result}`,
        'a shape that keeps the examples of a batch apart',
      )
    : result
}
