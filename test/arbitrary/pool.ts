import { either as E } from 'fp-ts'
import {
  type AttributesOf,
  inferNode,
  type MapType,
  mapType,
  outputExtent,
  outputExtents,
  type Type,
} from '../../ir/index.ts'
import type { Arithmetic, Choose } from './choose.ts'
import { type AxisWindow, type DrawnWindow, drawWindow, largestExtent } from './window.ts'

/** Room for a window, pixels left after cropping, and no map that outgrows the others. */
export const bounded = (w: AxisWindow, extent: number, ceil: boolean): boolean => {
  const outputs = outputExtent(extent, w.size, w.stride, w.dilation, w.pads, ceil)
  const kept = extent + Math.min(0, w.pads[0]) + Math.min(0, w.pads[1])
  return kept >= 1 && outputs >= 1 && outputs <= Math.max(extent, largestExtent)
}

/** The op's own typing rule, asked about one axis. */
const poolFits =
  (ceil: boolean) =>
  (w: AxisWindow, extent: number): boolean =>
    bounded(w, extent, ceil) &&
    E.isRight(
      inferNode(
        'MaxPool',
        {
          size: [w.size, 1],
          strides: [w.stride, 1],
          dilations: [w.dilation, 1],
          padding: [w.pads, [0, 0]],
          ceil,
        } as never,
        [{ type: mapType(extent, 1, 1), variants: [] }],
      ),
    )

/** Rounding up changes nothing under most windows, so a pool in ceil mode has three tries at one where it does. */
export const drawPool = (choose: Choose, input: Type, arithmetic: Arithmetic): AttributesOf<'MaxPool'> => {
  const { h, w } = input as MapType
  const ceil = choose.below(3) > 0
  const sizes = arithmetic === 'exact' ? [2, 2, 1] : [2, 3, 3, 1, 4]
  const tries = Array.from({ length: ceil ? 3 : 1 }, () => drawWindow(choose, [h, w], sizes, poolFits(ceil)))
  const extents = (window: DrawnWindow, ceil: boolean): string => `${outputExtents([h, w], { ...window, ceil })}`
  return { ...(tries.find(window => extents(window, true) !== extents(window, false)) ?? tries[0]), ceil }
}
