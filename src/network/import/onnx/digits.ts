import { gather } from '../../../../ir/dihedral.ts'
import type { NodeId } from '../../../../ir/graph.ts'
import type { BinaryFunction } from '../../../../ir/ops/pointwise.ts'
import { sizeOf, stridesOf } from '../../../../ir/tensor.ts'
import { shapeOf } from '../../../../ir/type.ts'
import { asMap } from './arrange.ts'
import { channelOrder, pickChannels } from './channels.ts'
import type { Constant } from './constant.ts'
import { type Value, valuesOf } from './node.ts'
import { refuse } from './refuse.ts'
import { merged } from './reshape.ts'
import { exampleType, type Translation } from './translation.ts'
import { type Atom, type Axis, extentOf, isWhole, type Of, printDims, type View, whole } from './view.ts'

/** A part of an axis of the result, in which every operand has one atom or an extent of 1. */
interface Digit {
  readonly axis: number
  readonly of: Of
  /** Of the operands: 1, or what they all have. */
  readonly extents: readonly number[]
}

/** Whether a value's channels are cut: some axis has a digit of them, and not all. */
export const cutsChannels = (t: Translation, value: Value): boolean =>
  value.kind === 'view' &&
  value.axes.some(
    axis => axis !== 'n' && axis.some(atom => atom.of === 'c' && !isWhole(exampleType(t, value.node), atom)),
  )

const sizes = (digits: readonly Digit[], at: number): readonly number[] => digits.map(digit => digit.extents[at])
const full = ({ extents }: Digit): number => Math.max(...extents)

/** Every axis of the result cut into digits, as the operand with the most atoms there has it. */
const digitsOf = (
  operands: readonly Value[],
  axesOf: readonly (readonly Axis[])[],
  dimsOf: readonly (readonly number[])[],
  batch: number,
): readonly Digit[] =>
  dimsOf[0].flatMap((_, axis): readonly Digit[] => {
    if (axis === batch) return []
    const atoms = operands.map((value, k) => (value.kind === 'view' ? (axesOf[k][axis] as readonly Atom[]) : []))
    const finest = atoms.reduce((best, own) => (own.length > best.length ? own : best))
    const extents = dimsOf.map(dims => dims[axis])
    const largest = Math.max(...extents)
    if (largest === 1) return []
    const agree = atoms.every(
      own => own.length === 0 || (own.length === finest.length && own.every((x, k) => x.extent === finest[k].extent)),
    )
    if (!agree || finest.length === 0 || extents.some(extent => extent !== 1 && extent !== largest))
      return refuse('unsupported-shape', `extents ${printDims(extents)} along axis ${axis}`, 'axes cut in one way')
    return finest.map(({ of, extent }) => ({ axis, of, extents: extents.map(own => (own === 1 ? 1 : extent)) }))
  })

/** Each channel where its digits stand among those of the result, by a product with zeros and ones. */
const spreadOut = (t: Translation, node: NodeId, digits: readonly Digit[], own: readonly number[]): NodeId => {
  const atoms = digits.map(
    (digit, k): Atom => ({
      of: 'c',
      extent: full(digit),
      stride: own[k] === 1 ? 0 : stridesOf(own)[k],
    }),
  )
  return pickChannels(t, node, channelOrder(atoms), `copies ${own.join()} ${digits.map(full).join()}`)
}

/** A value of one pixel repeated along axes of extent 1: the last two are rows and columns, the others digits of channels. */
export const expanded = (t: Translation, view: View, dims: readonly number[]): View | null => {
  const type = exampleType(t, view.node)
  const rank = dims.length
  const isSpatial = (axis: number): boolean => rank > 3 && axis >= rank - 2
  const axes = [...Array.from({ length: rank - view.axes.length }, (): Axis => []), ...view.axes]
  const inner = axes.map((_, k) => k).slice(1)
  if (axes[0] !== 'n' || axes.some((axis, k) => axis !== 'n' && isSpatial(k) && axis.length > 0)) return null
  const held = extentOf(axes.flatMap(axis => (axis === 'n' ? [] : axis)))
  if (held !== sizeOf(shapeOf(type))) return null
  const digits = inner
    .filter(axis => !isSpatial(axis) && dims[axis] > 1)
    .map((axis): Digit => {
      const own = extentOf(axes[axis] as readonly Atom[])
      return { axis, of: 'c', extents: [own, dims[axis]] }
    })
  if (digits.some(({ extents: [own, wanted] }) => own !== 1 && own !== wanted)) return null
  const pixel = asMap(t, view.node, { h: [], w: [], c: axes.flatMap(axis => (axis === 'n' ? [] : axis)) })
  const channels = repeated(t, pixel, digits, 0)
  const [h, w] = rank > 3 ? dims.slice(-2) : [1, 1]
  const node = h * w === 1 ? channels : t.build.resize(channels, [h, w], { method: 'nearest' })
  const result = exampleType(t, node)
  const strides = stridesOf(digits.map(full))
  const left = axes.map((axis, k): Axis => {
    if (axis === 'n') return axis
    if (isSpatial(k)) return whole(result, k === rank - 2 ? 'h' : 'w')
    const at = digits.findIndex(digit => digit.axis === k)
    return at < 0 ? [] : [{ of: 'c', extent: full(digits[at]), stride: strides[at] }]
  })
  return { kind: 'view', node, axes: left }
}

/** A value of which each axis that is repeated becomes a digit of the channels; null where it is not of all channels. */
export const repeatedInChannels = (t: Translation, view: View, repeats: readonly number[]): View | null => {
  const type = exampleType(t, view.node)
  /** By axis, whether of the value's own channels or new; these read the same channel again. */
  const digits = view.axes.map((atoms, axis): readonly Atom[] => {
    if (atoms === 'n') return []
    return repeats[axis] > 1 ? [{ of: 'c', extent: repeats[axis], stride: 0 }] : atoms.filter(atom => atom.of === 'c')
  })
  const all = digits.flat()
  if (extentOf(all.filter(({ stride }) => stride > 0)) !== type.c) return null
  const name = `copies ${all.map(({ extent, stride }) => `${extent}:${stride}`).join()}`
  const node = pickChannels(t, view.node, channelOrder(all), name)
  const strides = stridesOf(all.map(({ extent }) => extent))
  let next = 0
  const axes = view.axes.map((atoms, axis): Axis => {
    if (atoms === 'n') return atoms
    const own = repeats[axis] > 1 ? digits[axis] : atoms
    return own.map(atom => (atom.of === 'c' ? { ...atom, stride: strides[next++] } : atom))
  })
  return { kind: 'view', node, axes }
}

/** Channels of which an operand has some digits, each as often as the others say. */
const repeated = (t: Translation, node: NodeId, digits: readonly Digit[], at: number): NodeId => {
  const own = sizes(digits, at)
  const size = sizeOf(own)
  const copies = sizeOf(digits.map(full)) / size
  if (size === 1 || copies === 1) return node
  const last = digits.findLastIndex((_, k) => own[k] === 1 && full(digits[k]) > 1)
  if (own.slice(0, last).some(extent => extent > 1)) return spreadOut(t, node, digits, own)
  t.room.take(copies)
  return t.build.concat(Array.from({ length: copies }, () => node))
}

const constantOperand = (t: Translation, constant: Constant, digits: readonly Digit[], at: number): NodeId => {
  const own = sizes(digits, at)
  const order = (['h', 'w', 'c'] as const).flatMap(of => digits.flatMap((digit, k) => (digit.of === of ? [k] : [])))
  const varies = digits.some((digit, k) => digit.of === 'c' && own[k] > 1)
  const strides = stridesOf(own).map((stride, k) => (own[k] === 1 ? 0 : stride))
  const extents = order.map(k => (varies && digits[k].of === 'c' ? full(digits[k]) : own[k]))
  const shape = (['h', 'w', 'c'] as const).map(of => sizeOf(extents.filter((_, k) => digits[order[k]].of === of)))
  t.room.take(sizeOf(shape))
  return t.parameter(constant, `digits ${own} ${order} ${shape}`, value => {
    const data = Float32Array.from(valuesOf(value))
    const arranged = gather(
      { shape: own, data },
      extents,
      order.map(k => strides[k]),
      0,
    )
    return { shape, data: arranged.data }
  })
}

/** A function of two operands of which one has its channels cut: all digits of channels stand together in the result's. */
export const broadcastDigits = (
  t: Translation,
  fn: BinaryFunction,
  operands: readonly [Value, Value],
  axesOf: readonly (readonly Axis[])[],
  dimsOf: readonly (readonly number[])[],
  batch: number,
  name: string,
): View => {
  const digits = digitsOf(operands, axesOf, dimsOf, batch)
  const channels = digits.filter(digit => digit.of === 'c')
  const nodes = operands.map((value, at) => {
    if (value.kind === 'constant') return constantOperand(t, value, digits, at)
    const atoms = (of: Of): readonly Atom[] =>
      axesOf[at].flatMap(axis => (axis === 'n' ? [] : axis.filter(atom => atom.of === of)))
    const map = asMap(t, value.node, { h: merged(atoms('h')), w: merged(atoms('w')), c: atoms('c') })
    return repeated(t, map, channels, at)
  })
  const node = t.build.binary(fn, nodes[0], nodes[1], name)
  const type = exampleType(t, node)
  const atomOf = (digit: Digit): Atom => {
    const own = digits.filter(({ of }) => of === digit.of)
    return { of: digit.of, extent: full(digit), stride: stridesOf(own.map(full))[own.indexOf(digit)] }
  }
  const axes = axesOf[0].map(
    (_, axis): Axis => (axis === batch ? 'n' : merged(digits.filter(digit => digit.axis === axis).map(atomOf))),
  )
  return extentOf(axes.flatMap(axis => (axis === 'n' ? [] : axis))) ===
    sizeOf(type.kind === 'Map' ? [type.h, type.w, type.c] : [type.c])
    ? { kind: 'view', node, axes }
    : refuse('unsupported-shape', 'rows or columns cut into parts', 'whole ones')
}
