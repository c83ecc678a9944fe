import {
  type AttributesOf,
  dilated,
  isDilated,
  type Pair,
  samePads,
  sameShape,
  shapeOf,
  type Type,
} from '../../../ir/index.ts'
import { isLarge } from '../../../passes/mean-steps.ts'
import { isCovered, type Slide, slideOf } from '../../../passes/sliding.ts'

/** Whether no pixel is added or cut off. */
export const isBare = ({ window: { padding } }: Slide): boolean => padding.flat().every(pad => pad === 0)

/** Whether a window rounds down over just what it covers, and cuts nothing off. */
export const isPlaced = (slide: Slide): boolean =>
  isCovered(slide) && slide.window.padding.flat().every(pad => pad >= 0)

export const hasGaps = ({ window }: Slide): boolean => isDilated(window)

/** Whether windows round down over just what they cover, with neither pads nor gaps. */
export const isWhole = (slide: Slide): boolean => isPlaced(slide) && isBare(slide) && !hasGaps(slide)

/** How many pixels a window spans. */
export const spanOf = ({ window: { size, dilations } }: Slide): Pair => [
  dilated(size[0], dilations[0]),
  dilated(size[1], dilations[1]),
]

/** Whether no window lies in the pads alone. */
export const isNarrow = (slide: Slide): boolean => {
  const span = spanOf(slide)
  return slide.window.padding.every((sides, axis) => sides.every(pad => pad >= 0 && pad < span[axis]))
}

/** Whether TensorFlow's `SAME` stands for the pads. */
export const isSame = ({ extents, window: { size, strides, dilations, padding } }: Slide): boolean =>
  sameShape(
    padding.flat(),
    ([0, 1] as const).flatMap(axis => samePads(extents[axis], size[axis], strides[axis], dilations[axis])),
  )

/** Whether a mean over so many rows and columns is to be taken in steps. */
export const inSteps = ({ window: { size } }: Slide): boolean => isLarge(size) && Math.min(...size) > 1

/** A global pool that every target has. */
export const globalPool = ({ reduction }: AttributesOf<'GlobalPool'>, [x]: readonly Type[]): boolean =>
  reduction === 'max' || x.kind !== 'Map' || !isLarge([x.h, x.w])

/** A mean pool's gradient that both TensorFlows have. */
export const meanPoolGradient = (pool: AttributesOf<'MeanPoolGradient'>, operands: readonly Type[]): boolean =>
  isWhole(slideOf('MeanPoolGradient', pool, operands))

/** The filter that a gradient is of: `[r, s, i/groups]`, its outputs left out. */
export const filterOf = (
  { extents, groups }: AttributesOf<'Conv2dFilterGradient'>,
  [x]: readonly Type[],
): readonly number[] => [...extents, shapeOf(x)[2] / groups]

/** Convolutions in groups that are neither one nor one a channel: `[…, i/groups, o]` are the filter's last extents. */
export const inRuns = (groups: number, [, , depth]: readonly number[]): boolean => groups > 1 && depth > 1
