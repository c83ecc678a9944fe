import { dilated, type Padding, type Pair, samePads } from '../../ir/index.ts'
import type { Choose } from './choose.ts'

/** No generated map grows beyond this on either axis, so that the evaluator takes milliseconds. */
export const largestExtent = 8

/** What a sliding window does along one axis. */
export interface AxisWindow {
  readonly size: number
  readonly stride: number
  readonly dilation: number
  readonly pads: Pair
}

export interface DrawnWindow {
  readonly size: Pair
  readonly strides: Pair
  readonly dilations: Pair
  readonly padding: Padding
}

/** Pads depend on the extent they stand beside, so a draw is a recipe for them. */
interface AxisRecipe {
  readonly size: number
  readonly stride: number
  readonly dilation: number
  readonly padsFor: (extent: number) => Pair
}

const drawPads = (choose: Choose, size: number, stride: number, dilation: number): ((extent: number) => Pair) => {
  const window = dilated(size, dilation)
  const half = Math.floor((window - 1) / 2)
  const wide = Math.max(window, 2)
  switch (
    choose.weighted([
      [2, 'half'],
      [2, 'none'],
      [3, 'same'],
      [4, 'uneven'],
      [4, 'negative'],
    ] as const)
  ) {
    case 'half':
      return () => [half, half]
    case 'none':
      return () => [0, 0]
    case 'same':
      return extent => samePads(extent, size, stride, dilation)
    case 'uneven': {
      const before = choose.below(wide)
      const after = (before + 1 + choose.below(wide - 1)) % wide
      return () => [before, after]
    }
    case 'negative': {
      const kept = choose.below(wide)
      const cropped = -1 - choose.below(2)
      return choose.oneIn(2) ? () => [cropped, kept] : () => [kept, cropped]
    }
  }
}

const drawAxis = (choose: Choose, sizes: readonly number[]): AxisRecipe => {
  const size = choose.pick(sizes)
  const stride = choose.weighted([
    [4, 1],
    [5, 2],
    [1, 3],
  ])
  const dilation = choose.weighted([
    [3, 1],
    [1, 2],
  ])
  return { size, stride, dilation, padsFor: drawPads(choose, size, stride, dilation) }
}

/** The recipe where it fits, `SAME` pads where only they do, and otherwise a window of one pixel. */
const along = (
  recipe: AxisRecipe,
  extent: number,
  fits: (window: AxisWindow, extent: number) => boolean,
): AxisWindow => {
  const { size, stride, dilation, padsFor } = recipe
  const candidates: readonly AxisWindow[] = [
    { size, stride, dilation, pads: padsFor(extent) },
    { size, stride, dilation, pads: samePads(extent, size, stride, dilation) },
    { size, stride, dilation: 1, pads: samePads(extent, size, stride, 1) },
  ]
  return candidates.find(window => fits(window, extent)) ?? { size: 1, stride, dilation: 1, pads: [0, 0] }
}

/** A window that slides over a map of these extents; the axes often differ. `fits` judges one axis. */
export const drawWindow = (
  choose: Choose,
  [h, w]: Pair,
  sizes: readonly number[],
  fits: (window: AxisWindow, extent: number) => boolean,
): DrawnWindow => {
  const recipe = drawAxis(choose, sizes)
  const y = along(recipe, h, fits)
  const x = along(choose.oneIn(3) ? drawAxis(choose, sizes) : recipe, w, fits)
  return {
    size: [y.size, x.size],
    strides: [y.stride, x.stride],
    dilations: [y.dilation, x.dilation],
    padding: [y.pads, x.pads],
  }
}
