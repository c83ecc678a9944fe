import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mapType, outputExtents, type Pair, sharedType, type Window } from '../../ir/index.ts'
import {
  countsAll,
  coveredWindow,
  isCovered,
  type Slide,
  sharesOf,
  slideOf,
  stridesCount,
} from '../../passes/sliding.ts'

const both = (values: fc.Arbitrary<number>): fc.Arbitrary<Pair> => fc.tuple(values, values)
const upTo = (max: number) => both(fc.integer({ min: 1, max }))
const sides = both(fc.integer({ min: -2, max: 3 }))
const slides: fc.Arbitrary<Slide> = fc
  .record({
    extents: upTo(7),
    window: fc.record({
      size: upTo(4),
      strides: upTo(3),
      dilations: upTo(3),
      padding: fc.tuple(sides, sides),
      ceil: fc.boolean(),
    }),
  })
  .filter(({ extents, window }) => outputExtents(extents, window).every(outputs => outputs > 0))

const always = (holds: (slide: Slide) => void): void => fc.assert(fc.property(slides, holds), { numRuns: 300 })

const axes = [0, 1] as const

/** Where the taps of each window stand along an axis: 0 is the first pixel. */
const tapsAlong = ({ extents, window }: Slide, axis: 0 | 1): readonly (readonly number[])[] =>
  Array.from({ length: outputExtents(extents, window)[axis] }, (_, at) =>
    Array.from(
      { length: window.size[axis] },
      (_, k) => at * window.strides[axis] - window.padding[axis][0] + k * window.dilations[axis],
    ),
  )

/** How many taps of each window stand on what counts, row-major: pixels, or the padded map. */
const counted = (slide: Slide, padding: boolean): readonly number[] => {
  const isCounted = (axis: 0 | 1) => (at: number) => {
    const [before, after] = padding ? slide.window.padding[axis] : [0, 0]
    return at >= -before && at < slide.extents[axis] + after
  }
  const [rows, columns] = axes.map(axis => tapsAlong(slide, axis).map(taps => taps.filter(isCounted(axis)).length))
  return rows.flatMap(row => columns.map(column => row * column))
}

const sizeOf = ({ window: { size } }: Slide): number => size[0] * size[1]

describe('the window that is covered', () => {
  it('has its taps where they were', () => {
    always(slide => {
      const covered = { ...slide, window: coveredWindow(slide) }
      for (const axis of axes) expect(tapsAlong(covered, axis)).toEqual(tapsAlong(slide, axis))
    })
  })

  it('rounds nothing up, ends where its last tap does or inside the map, and is covered', () => {
    always(({ extents, window }) => {
      const covered = coveredWindow({ extents, window })
      expect(covered.ceil).toBe(false)
      for (const axis of axes) {
        const [before, after] = covered.padding[axis]
        const last = (tapsAlong({ extents, window: covered }, axis).at(-1) as readonly number[]).at(-1) as number
        expect(before).toBe(window.padding[axis][0])
        if (after > 0) expect(extents[axis] + after - 1).toBe(last)
        else expect(extents[axis] + after - 1).toBeGreaterThanOrEqual(last)
      }
      expect(isCovered({ extents, window: covered })).toBe(true)
      expect(coveredWindow({ extents, window: covered })).toEqual(covered)
    })
  })

  it('is another where anything of the window is', () => {
    always(slide => {
      const { strides, padding, ceil } = coveredWindow(slide)
      expect(isCovered(slide)).toBe(
        JSON.stringify([strides, padding, ceil]) ===
          JSON.stringify([slide.window.strides, slide.window.padding, slide.window.ceil]),
      )
    })
  })

  it('has a stride of 1 along an axis with one output, where a stride means nothing', () => {
    always(slide => {
      const single = outputExtents(slide.extents, slide.window).map(outputs => outputs === 1)
      const strides = slide.window.strides.map((stride, axis) => (single[axis] ? 1 : stride))
      expect(coveredWindow(slide).strides).toEqual(strides)
      expect(stridesCount(slide)).toBe(slide.window.strides.every((stride, axis) => !single[axis] || stride === 1))
    })
  })
})

describe('what a window counts', () => {
  it('is the pixels under it, or those of the padded map: shares make a mean over all taps one over these', () => {
    always(slide => {
      for (const padding of [true, false])
        expect(sharesOf(slide, padding)).toEqual(counted(slide, padding).map(count => sizeOf(slide) / count))
    })
  })

  it('is all of it where each window stands on what counts', () => {
    always(slide => {
      for (const padding of [true, false])
        expect(countsAll(slide, padding)).toBe(counted(slide, padding).every(count => count === sizeOf(slide)))
    })
  })
})

describe('what slides over what', () => {
  const moves = { strides: [2, 1], dilations: [1, 2], padding: [[1, 0], [0, 2]] } as const // biome-ignore format: a window
  const pool: Window = { size: [3, 2], ...moves, ceil: true }
  const convolution = { ...moves, groups: 1 }
  const taps: Window = { size: [3, 2], ...moves, ceil: false }
  const map = mapType(9, 7, 4)
  const small = mapType(5, 4, 6)
  const filter = sharedType([3, 2, 4, 6])

  it('is of an op its own window over its map', () => {
    expect(slideOf('Conv2d', convolution, [map, filter])).toEqual({ extents: [9, 7], window: taps })
    expect(slideOf('MaxPool', pool, [map])).toEqual({ extents: [9, 7], window: pool })
    const mean = { ...pool, countPadding: true }
    expect(slideOf('MeanPool', mean, [map])).toEqual({ extents: [9, 7], window: mean })
  })

  it('is of a gradient what it is of the op that it is one of', () => {
    const extents = [9, 7] as const
    expect(slideOf('Conv2dTranspose', { ...convolution, extents }, [small, filter])).toEqual({ extents, window: taps })
    const gradient = slideOf('Conv2dFilterGradient', { ...convolution, extents: [3, 2] }, [map, small])
    expect(gradient).toEqual({ extents, window: taps })
    expect(slideOf('MaxPoolGradient', pool, [map, small])).toEqual({ extents, window: pool })
    const mean = { ...pool, countPadding: false, extents }
    expect(slideOf('MeanPoolGradient', mean, [small])).toEqual({ extents, window: mean })
  })
})
