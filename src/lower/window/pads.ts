import type { Pair } from '../../../ir/index.ts'

/** What pads cut off. */
export const cropOf = ([before, after]: Pair): Pair => [Math.max(0, -before), Math.max(0, -after)]
/** What pads add. */
export const padOf = ([before, after]: Pair): Pair => [Math.max(0, before), Math.max(0, after)]
/** The pads that undo these. */
export const undone = (pads: readonly Pair[]): readonly Pair[] =>
  pads.map(([before, after]): Pair => [0 - before, 0 - after])

export const isZero = (pads: readonly Pair[]): boolean => pads.every(([before, after]) => before === 0 && after === 0)

/** Whether the negative pads leave no pixel, so that only what positive ones add is left. */
export const cropsAll = (extents: readonly number[], pads: readonly Pair[]): boolean =>
  pads.some((sides, axis) => {
    const [before, after] = cropOf(sides)
    return before + after >= extents[axis]
  })
