import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { random } from '../../../../src/base/random.ts'
import type { Pixels } from '../../../../src/data/index.ts'
import {
  flipped,
  type Placing,
  padAndCrop,
  pixelsAt,
  randomCrop,
  randomResizedCrop,
  randomWindow,
  shifted,
} from '../../../../src/train/augmentation/geometry.ts'
import { scripted } from './scripted.ts'

/** Pixel number i is (10 i + 1, 10 i + 2, 10 i + 3). */
const numbered = (height: number, width: number): Pixels => ({
  data: Uint8Array.from({ length: height * width * 3 }, (_, k) => 10 * Math.floor(k / 3) + 1 + (k % 3)),
  height,
  width,
})

const seenBy = (place: Placing, image: Pixels): Pixels => pixelsAt(image, place(image, 1), undefined)

/** The number of each pixel, −1 where it is black. */
const numbers = ({ data, height, width }: { data: ArrayLike<number>; height: number; width: number }) =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const [r, g, b] = [0, 1, 2].map(k => data[(y * width + x) * 3 + k])
      if (r + g + b === 0) return -1
      expect([g - r, b - r, r % 10]).toEqual([1, 2, 1])
      return (r - 1) / 10
    }),
  )

describe('a flip', () => {
  it('swaps left and right, not the colours', () => {
    const image = numbered(2, 3)
    expect(numbers(flipped(image))).toEqual([
      [2, 1, 0],
      [5, 4, 3],
    ])
    expect(flipped(flipped(image))).toEqual(image)
    expect(numbers(image)).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
  })
})

describe('pad and crop', () => {
  const image = numbered(2, 3)

  it('shifts, with black from outside', () => {
    expect(numbers(shifted(image, 0, 0))).toEqual(numbers(image))
    expect(numbers(shifted(image, 1, 0))).toEqual([
      [3, 4, 5],
      [-1, -1, -1],
    ])
    expect(numbers(shifted(image, 0, -1))).toEqual([
      [-1, 0, 1],
      [-1, 3, 4],
    ])
    expect(numbers(shifted(image, -1, 2))).toEqual([
      [-1, -1, -1],
      [2, -1, -1],
    ])
    for (const [dy, dx] of [
      [2, 0],
      [-5, 0],
      [0, 3],
      [0, -4],
      [9, 9],
    ])
      expect(shifted(image, dy, dx).data.every(value => value === 0)).toBe(true)
  })

  it('takes every one of its crops, down and right as far as up and left', () => {
    const crops = Array.from({ length: 9 }, (_, k) =>
      padAndCrop(
        { kind: 'pad-and-crop', padding: 1 },
        scripted([(Math.floor(k / 3) + 0.5) / 3, ((k % 3) + 0.5) / 3]),
      )(image),
    )
    const expected = [-1, 0, 1].flatMap(dy => [-1, 0, 1].map(dx => shifted(image, dy, dx)))
    expect(crops).toEqual(expected)
    expect(padAndCrop({ kind: 'pad-and-crop', padding: 0 }, random(0))(image)).toEqual(image)
  })
})

describe('a random crop', () => {
  const crop = (image: Pixels, draws: readonly number[]) =>
    numbers(seenBy(randomCrop(image, [2, 2], { kind: 'random-crop', resize_to: 3 }, scripted(draws)), image))

  it('stands anywhere in the image, up to its borders', () => {
    const image = numbered(3, 4)
    expect(crop(image, [0, 0])).toEqual([
      [0, 1],
      [4, 5],
    ])
    expect(crop(image, [0.999, 0.999])).toEqual([
      [6, 7],
      [10, 11],
    ])
    expect(crop(image, [0.5, 0.4])).toEqual([
      [5, 6],
      [9, 10],
    ])
  })

  it('is cut from the image with its shorter side resized', () => {
    const flat: Pixels = { data: new Uint8Array(6 * 9 * 3).fill(50), height: 6, width: 9 }
    const seen = seenBy(randomCrop(flat, [4, 3], { kind: 'random-crop', resize_to: 4 }, random(1)), flat)
    expect(seen).toEqual({ data: new Uint8Array(4 * 3 * 3).fill(50), height: 4, width: 3 })
    const left: Pixels = { ...flat, data: flat.data.map((_, k) => (Math.floor(k / 3) % 9 < 4 ? 0 : 200)) }
    const at = (draw: number) => [
      ...seenBy(randomCrop(left, [4, 3], { kind: 'random-crop', resize_to: 4 }, scripted([0, draw])), left).data,
    ]
    expect([at(0).reduce((a, b) => a + b), at(0.999).every(value => value === 200)]).toEqual([expect.any(Number), true])
    expect(at(0).filter(value => value === 0).length).toBeGreaterThan(18)
  })
})

describe('a random resized crop', () => {
  const options = { kind: 'random-resized-crop', scale: [0.25, 1], ratio: [0.5, 2] } as const

  it('has the share and ratio that are drawn', () => {
    const image = { height: 100, width: 200 }
    // A share of 0.25 + 0.75 · 0.2 = 0.4 and a ratio of exp(0) = 1: 8,000 pixels of 89.4 × 89.4.
    expect(randomWindow(image, options, scripted([0.2, 0.5, 0, 0]))).toEqual({ top: 0, left: 0, height: 89, width: 89 })
    expect(randomWindow(image, options, scripted([0.2, 0.5, 0.9999, 0.9999]))).toEqual({
      top: 11,
      left: 111,
      height: 89,
      width: 89,
    })
    // A ratio of 2 over all of it: the image itself.
    expect(randomWindow(image, options, scripted([1, 1, 0.5, 0.5]))).toEqual({
      top: 0,
      left: 0,
      height: 100,
      width: 200,
    })
    // The first try is too wide (0.8 of the area, four rows to a column).
    expect(randomWindow(image, options, scripted([0.8, 0, 0.2, 0.5, 0, 0])).height).toBe(89)
  })

  it('falls back on the largest centred window of a ratio in range', () => {
    const never = (height: number, width: number) =>
      randomWindow({ height, width }, { ...options, scale: [1, 1] }, scripted(Array(20).fill(0.5)))
    expect(never(10, 100)).toEqual({ top: 0, left: 40, height: 10, width: 20 })
    expect(never(100, 10)).toEqual({ top: 40, left: 0, height: 20, width: 10 })
    expect(never(10, 15)).toEqual({ top: 0, left: 0, height: 10, width: 15 })
  })

  it('stays within the image and near its ranges', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        (height, width, seed) => {
          const window = randomWindow({ height, width }, { kind: 'random-resized-crop' }, random(seed))
          expect(window.top).toBeGreaterThanOrEqual(0)
          expect(window.left).toBeGreaterThanOrEqual(0)
          expect(window.height).toBeGreaterThan(0)
          expect(window.width).toBeGreaterThan(0)
          expect(window.top + window.height).toBeLessThanOrEqual(height)
          expect(window.left + window.width).toBeLessThanOrEqual(width)
          if (Math.min(height, width) > 100) {
            const [share, ratio] = [(window.height * window.width) / (height * width), window.width / window.height]
            expect(share).toBeGreaterThan(0.07)
            expect(ratio).toBeGreaterThan(0.72)
            expect(ratio).toBeLessThan(1.39)
          }
        },
      ),
    )
  })

  it('ends at the network’s extents', () => {
    const image = numbered(5, 4)
    for (const seed of [0, 1, 2]) {
      const { data, height, width } = seenBy(
        randomResizedCrop(image, [3, 2], { kind: 'random-resized-crop' }, random(seed)),
        image,
      )
      expect([data.length, height, width]).toEqual([18, 3, 2])
    }
    const whole = seenBy(
      randomResizedCrop(image, [5, 4], { ...options, ratio: [0.8, 0.8], scale: [1, 1] }, random(0)),
      image,
    )
    expect(whole).toEqual(image)
  })
})
