import * as t from 'io-ts'
import type { Tensor } from './tensor.ts'
import { sizeOf, stridesOf } from './tensor.ts'

/**
 * The dihedral group of the square, acting on the first of two image axes (y, down) and the second (x, right).
 * Every element is a transposition or none, and then a flip of each axis of the result or none.
 * `rot90` turns the content counter-clockwise as seen.
 */
export const elements = ['id', 'flip', 'flipv', 'rot180', 'transpose', 'antitranspose', 'rot90', 'rot270'] as const

/** An element of the dihedral group of the square, by its name. */
export type Element = (typeof elements)[number]

/** The codec of an element’s name. */
export const Element: t.Type<Element> = t.keyof({
  id: null,
  flip: null,
  flipv: null,
  rot180: null,
  transpose: null,
  antitranspose: null,
  rot90: null,
  rot270: null,
})

/** Transpose first (if `swap`), then flip the axes of what came out. */
export interface Motion {
  readonly swap: boolean
  readonly flipY: boolean
  readonly flipX: boolean
}

const motions: { readonly [E in Element]: Motion } = {
  id: { swap: false, flipY: false, flipX: false },
  flip: { swap: false, flipY: false, flipX: true },
  flipv: { swap: false, flipY: true, flipX: false },
  rot180: { swap: false, flipY: true, flipX: true },
  transpose: { swap: true, flipY: false, flipX: false },
  antitranspose: { swap: true, flipY: true, flipX: true },
  rot90: { swap: true, flipY: true, flipX: false },
  rot270: { swap: true, flipY: false, flipX: true },
}

/** What an element does to rows and columns. */
export const motionOf = (g: Element): Motion => motions[g]

/** The element that does that. */
export const elementOf = ({ swap, flipY, flipX }: Motion): Element =>
  elements.find(g => motions[g].swap === swap && motions[g].flipY === flipY && motions[g].flipX === flipX) as Element

/** `compose(g, h)·x = g·(h·x)`. */
export const compose = (g: Element, h: Element): Element => {
  const a = motions[g]
  const b = motions[h]
  // A transposition carries the flips of h from one axis to the other.
  const [flipY, flipX] = a.swap ? [b.flipX, b.flipY] : [b.flipY, b.flipX]
  return elementOf({ swap: a.swap !== b.swap, flipY: a.flipY !== flipY, flipX: a.flipX !== flipX })
}

/** The element that undoes another. */
export const inverse = (g: Element): Element => (g === 'rot90' ? 'rot270' : g === 'rot270' ? 'rot90' : g)

/** Whether an element turns left into right, as a mirror does; turns do not. */
export const isMirror = (g: Element): boolean => {
  const { swap, flipY, flipX } = motions[g]
  return (swap !== flipY) !== flipX
}

/** The extents of `g·x` for x of extents `[h, w]`. */
export const actOnPair = <A>(g: Element, [a, b]: readonly [A, A]): readonly [A, A] =>
  motions[g].swap ? [b, a] : [a, b]

/** The element that acts on a map of extents `[h, w]` as g does, without flips of axes of extent 1. */
export const reduceElement = (g: Element, extents: readonly [number, number]): Element => {
  const [h, w] = actOnPair(g, extents)
  const { swap, flipY, flipX } = motions[g]
  return elementOf({ swap: swap && !(h === 1 && w === 1), flipY: flipY && h > 1, flipX: flipX && w > 1 })
}

/** g as a matrix (rows; x right, y down) that maps an output pixel's offset from the centre to the input offset that it samples. */
export const samplingMatrix = (g: Element): readonly [readonly [number, number], readonly [number, number]] => {
  const { swap, flipY, flipX } = motions[g]
  const x = flipX ? -1 : 1
  const y = flipY ? -1 : 1
  return swap
    ? [
        [0, y],
        [x, 0],
      ]
    : [
        [x, 0],
        [0, y],
      ]
}

/** How a tensor is read: the shape of the result, where its first number lies, and the stride of each axis. */
interface View {
  readonly shape: readonly number[]
  readonly strides: readonly number[]
  readonly start: number
}

/** A row-major tensor of that shape as g leaves it on axes `y` and `x`. */
const viewUnder = (g: Element, extents: readonly number[], y: number, x: number): View => {
  const { swap, flipY, flipX } = motions[g]
  const shape = [...extents]
  const strides = [...stridesOf(extents)]
  if (swap) {
    ;[shape[y], shape[x]] = [shape[x], shape[y]]
    ;[strides[y], strides[x]] = [strides[x], strides[y]]
  }
  let start = 0
  for (const [axis, flipped] of [
    [y, flipY],
    [x, flipX],
  ] as const) {
    if (!flipped) continue
    start += (shape[axis] - 1) * strides[axis]
    strides[axis] = -strides[axis]
  }
  return { shape, strides, start }
}

/** Acts on axes `y` and `x` of a tensor of any rank. */
export const actOnTensor = (g: Element, value: Tensor, y: number, x: number): Tensor => {
  const { shape, strides, start } = viewUnder(g, value.shape, y, x)
  return gather(value, shape, strides, start)
}

/** Whether a tensor is its own image under g on axes `y` and `x`, to the bit. */
export const isFixed = (g: Element, { shape, data }: Tensor, y: number, x: number): boolean => {
  const view = viewUnder(g, shape, y, x)
  return (
    shape.every((extent, axis) => extent === view.shape[axis]) &&
    walk(view, (to, from, run, step) => {
      if (from === to && step === 1) return true
      for (let k = 0; k < run; k++) if (!Object.is(data[to + k], data[from + k * step])) return false
      return true
    })
  )
}

/** Reads a tensor through a strided view. */
export const gather = (value: Tensor, shape: readonly number[], strides: readonly number[], start: number): Tensor => {
  const { data: source } = value
  const size = sizeOf(shape)
  const data = source instanceof Float32Array ? new Float32Array(size) : new Float64Array(size)
  walk({ shape, strides, start }, (to, from, run, step) => {
    for (let k = 0; k < run; k++) data[to + k] = source[from + k * step]
    return true
  })
  return { shape, data }
}

/** Walks a strided view row by row, a run of the last axes at a time, until `visit` gives false. @returns whether it never did. */
const walk = (
  { shape, strides, start }: View,
  visit: (to: number, from: number, run: number, step: number) => boolean,
): boolean => {
  const size = sizeOf(shape)
  let outer = shape.length
  let run = 1
  while (strides[outer - 1] === run) run *= shape[--outer]
  const step = outer === shape.length && outer > 0 ? strides[--outer] : 1
  if (step !== 1) run = shape[outer]
  const index = new Int32Array(outer)
  let from = start
  for (let to = 0; to < size; to += run) {
    if (!visit(to, from, run, step)) return false
    for (let axis = outer - 1; axis >= 0; axis--) {
      from += strides[axis]
      if (++index[axis] < shape[axis]) break
      from -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return true
}
