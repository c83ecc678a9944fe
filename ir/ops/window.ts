import * as t from 'io-ts'
import { actOnPair, type Element, motionOf } from '../dihedral.ts'
import { Count, type Pair } from '../op.ts'
import { Extent } from '../type.ts'

/** Rows and columns: `[y, x]`. */
export const Extents = t.readonly(t.tuple([Extent, Extent]))
/** Zeros before and after, on rows and on columns; a negative pad is a crop. */
export const Padding = t.readonly(t.tuple([t.readonly(t.tuple([Count, Count])), t.readonly(t.tuple([Count, Count]))]))
export type Padding = readonly [Pair, Pair]

/** The pads p′ with `pad(g·x; p) = g·pad(x; p′)`. */
export const actOnPadding = (g: Element, [rows, columns]: Padding): Padding => {
  const { flipY, flipX } = motionOf(g)
  const mirrored = ([before, after]: Pair, flipped: boolean): Pair => (flipped ? [after, before] : [before, after])
  return actOnPair(g, [mirrored(rows, flipY), mirrored(columns, flipX)])
}

/** A window sliding over an image: what convolutions and poolings have in common. */
export interface Window {
  readonly size: Pair
  readonly strides: Pair
  readonly dilations: Pair
  readonly padding: Padding
  /** Round the number of outputs up; a last window must still begin before the trailing pad. */
  readonly ceil: boolean
}

/** The extent that a dilated window covers. */
export const dilated = (size: number, dilation: number): number => (size - 1) * dilation + 1

/** How many windows there are along one axis (0 or less: none fits). */
export const outputExtent = (
  extent: number,
  size: number,
  stride: number,
  dilation: number,
  [before, after]: Pair,
  ceil: boolean,
): number => {
  const room = extent + before + after - dilated(size, dilation)
  if (room < 0) return 0
  if (!ceil) return Math.floor(room / stride) + 1
  const outputs = Math.ceil(room / stride) + 1
  return (outputs - 1) * stride >= extent + before ? outputs - 1 : outputs
}

/** Whether each window along one axis covers a pixel, in constant time but for dilations that step over the whole axis. */
export const everyWindowCovers = (
  extent: number,
  size: number,
  stride: number,
  dilation: number,
  before: number,
  outputs: number,
): boolean => {
  if ((outputs - 1) * stride - before >= extent) return false
  // A window that begins inside covers its first pixel; of those that begin in the leading pad the first reaches least.
  const leading = Math.min(outputs, Math.ceil(before / stride))
  for (let at = 0; at < (dilation <= extent ? Math.min(leading, 1) : leading); at++) {
    const start = at * stride - before
    const first = start + Math.ceil(-start / dilation) * dilation
    if (first >= extent || first > start + (size - 1) * dilation) return false
  }
  return true
}

/** Rows and columns of what a window gives. */
export const outputExtents = (extents: Pair, w: Window): Pair => [
  outputExtent(extents[0], w.size[0], w.strides[0], w.dilations[0], w.padding[0], w.ceil),
  outputExtent(extents[1], w.size[1], w.strides[1], w.dilations[1], w.padding[1], w.ceil),
]

/**
 * The pads under which a window, sliding over the mirrored axis in floor mode, gives the mirrored outputs:
 * `l′ = (o−1)s + K − n − l`, `r′ = l`, with o the outputs there really are.
 */
export const mirroredPads = (
  extent: number,
  size: number,
  stride: number,
  dilation: number,
  pads: Pair,
  outputs: number,
): Pair => [(outputs - 1) * stride + dilated(size, dilation) - extent - pads[0], pads[0]]

/**
 * The window w′, in floor mode, with `slide(g·x; w) = g·slide(x; w′)` where `extents` are those of `g·x`.
 */
export const actOnWindow = (g: Element, w: Window, extents: Pair): Window => {
  const outputs = outputExtents(extents, w)
  const { flipY, flipX } = motionOf(g)
  const along = (axis: 0 | 1, flipped: boolean): Pair => {
    const mirrored = mirroredPads(
      extents[axis],
      w.size[axis],
      w.strides[axis],
      w.dilations[axis],
      w.padding[axis],
      outputs[axis],
    )
    // In floor mode an unflipped axis keeps its pads; in ceil mode the trailing pad must grow to fit every window.
    return flipped ? mirrored : w.ceil ? [w.padding[axis][0], mirrored[0]] : w.padding[axis]
  }
  return {
    size: actOnPair(g, w.size),
    strides: actOnPair(g, w.strides),
    dilations: actOnPair(g, w.dilations),
    padding: actOnPair<Pair>(g, [along(0, flipY), along(1, flipX)]),
    ceil: false,
  }
}

/** Whether pixels lie between a window's taps. */
export const isDilated = ({ size, dilations }: Window): boolean => dilations.some((d, axis) => d > 1 && size[axis] > 1)

/** The trailing pad where windows reach so far past an axis: a crop by less than a stride, which takes no output away, is none. */
export const trailingPad = (past: number, stride: number): number => (past > -stride ? Math.max(0, past) : past)

/**
 * The pads with which a window slides in floor mode over just what it covers: a trailing pad that no window reaches is
 * left out, one that ceil mode needs is added, and a trailing crop stays only where it takes outputs away. An axis with
 * one output is covered by its window to the pixel, so that any stride there means the same.
 */
export const coveredPads = (extents: Pair, window: Window): Padding => {
  const outputs = outputExtents(extents, window)
  const along = (axis: 0 | 1): Pair => {
    const before = window.padding[axis][0]
    const stride = outputs[axis] === 1 ? 1 : window.strides[axis]
    const reach = (outputs[axis] - 1) * stride + dilated(window.size[axis], window.dilations[axis])
    return [before, trailingPad(reach - extents[axis] - before, stride)]
  }
  return [along(0), along(1)]
}
