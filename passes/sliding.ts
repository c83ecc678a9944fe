import {
  type AttributesOf,
  convolutionWindow,
  coveredPads,
  outputExtents,
  type Pair,
  sameShape,
  shapeOf,
  type Type,
  type Window,
} from '../ir/index.ts'

/** A window, and the rows and columns of the map that it slides over. */
export interface Slide {
  readonly extents: Pair
  readonly window: Window
}

const extentsOf = (map: Type): Pair => {
  const [h, w] = shapeOf(map)
  return [h, w]
}

/** What each op with a window slides over what: of a gradient, what the op that it is one of does. */
const slides = {
  Conv2d: (a: AttributesOf<'Conv2d'>, [x, filter]: readonly Type[]): Slide => ({
    extents: extentsOf(x),
    window: convolutionWindow(shapeOf(filter), a),
  }),
  Conv2dTranspose: (a: AttributesOf<'Conv2dTranspose'>, [, filter]: readonly Type[]): Slide => ({
    extents: a.extents,
    window: convolutionWindow(shapeOf(filter), a),
  }),
  Conv2dFilterGradient: (a: AttributesOf<'Conv2dFilterGradient'>, [x]: readonly Type[]): Slide => ({
    extents: extentsOf(x),
    window: convolutionWindow(a.extents, a),
  }),
  MaxPool: (window: AttributesOf<'MaxPool'>, [x]: readonly Type[]): Slide => ({ extents: extentsOf(x), window }),
  MeanPool: (window: AttributesOf<'MeanPool'>, [x]: readonly Type[]): Slide => ({ extents: extentsOf(x), window }),
  MaxPoolGradient: (window: AttributesOf<'MaxPoolGradient'>, [x]: readonly Type[]): Slide => ({
    extents: extentsOf(x),
    window,
  }),
  MeanPoolGradient: (window: AttributesOf<'MeanPoolGradient'>): Slide => ({ extents: window.extents, window }),
}
export type SlidingTag = keyof typeof slides

export const slideOf = <T extends SlidingTag>(tag: T, attributes: AttributesOf<T>, operands: readonly Type[]): Slide =>
  (slides[tag] as (attributes: AttributesOf<T>, operands: readonly Type[]) => Slide)(attributes, operands)

/** A stride along an axis with one output means nothing. */
const stridesTaken = ({ extents, window }: Slide): Pair => {
  const [rows, columns] = outputExtents(extents, window)
  return [rows === 1 ? 1 : window.strides[0], columns === 1 ? 1 : window.strides[1]]
}

/** The window in floor mode over just the pixels that it covers, with strides of 1 where there is one output. */
export const coveredWindow = (slide: Slide): Window => ({
  ...slide.window,
  strides: stridesTaken(slide),
  padding: coveredPads(slide.extents, slide.window),
  ceil: false,
})

export const isCovered = (slide: Slide): boolean => {
  const { strides, padding, ceil } = coveredWindow(slide)
  return (
    slide.window.ceil === ceil &&
    sameShape(slide.window.strides, strides) &&
    sameShape(slide.window.padding.flat(), padding.flat())
  )
}

/** Whether strides mean something along each axis that has one over 1. */
export const stridesCount = (slide: Slide): boolean => sameShape(stridesTaken(slide), slide.window.strides)

/** How many pixels each window along one axis counts; `padding`: those of the padded map, or real ones alone. */
const countsAlong = ({ extents, window }: Slide, axis: 0 | 1, padding: boolean): readonly number[] => {
  const [before, after] = window.padding[axis]
  const [low, high] = padding ? [-before, extents[axis] + after] : [0, extents[axis]]
  return Array.from(
    { length: outputExtents(extents, window)[axis] },
    (_, at) =>
      Array.from(
        { length: window.size[axis] },
        (_, k) => at * window.strides[axis] - before + k * window.dilations[axis],
      ).filter(i => i >= low && i < high).length,
  )
}

/** By what to multiply a mean over all of each window to get that over what it counts: row-major, one each output. */
export const sharesOf = (slide: Slide, padding: boolean): readonly number[] => {
  const [down, across] = slide.window.size
  const columns = countsAlong(slide, 1, padding)
  return countsAlong(slide, 0, padding).flatMap(r => columns.map(c => (down * across) / (r * c)))
}

/** Whether each window counts as many pixels as it is large. */
export const countsAll = (slide: Slide, padding: boolean): boolean =>
  ([0, 1] as const).every(axis => countsAlong(slide, axis, padding).every(n => n === slide.window.size[axis]))
