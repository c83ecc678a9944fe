import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { orientationClasses, orientationImage, orientationKnobs } from '../../../src/data/orientation.ts'

const { side } = orientationKnobs
const digest = (pixels: Uint8Array): string => createHash('sha256').update(pixels).digest('hex')

/** Mean brightness of each class at every pixel, over many images: what is left of the figure when all else averages out. */
const contrastOf = (count: number): readonly Float64Array[] => {
  const sums = orientationClasses.map(() => new Float64Array(side * side))
  for (let index = 0; index < count; index++) {
    const { pixels, label } = orientationImage(3, 'train', index)
    const ground = [0, 1, 2].map(k => {
      let sum = 0
      for (let i = k; i < pixels.length; i += 3) sum += pixels[i]
      return sum / (side * side)
    })
    for (let i = 0; i < side * side; i++)
      for (let k = 0; k < 3; k++) sums[label][i] += Math.abs(pixels[3 * i + k] - ground[k]) / count
  }
  return sums
}

const mapped = (map: Float64Array, at: (y: number, x: number) => number): Float64Array =>
  Float64Array.from(map, (_, i) => map[at(Math.floor(i / side), i % side)])
const distance = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0)

describe('the generated data set orientation', () => {
  it('is a pure function of seed, split and index', () => {
    for (const index of [0, 1, 9_999]) {
      const once = orientationImage(5, 'test', index)
      expect(orientationImage(5, 'test', index)).toEqual(once)
      expect(once.pixels.length).toBe(side * side * 3)
      expect(once.label).toBe(index % orientationClasses.length)
    }
  })

  it('never gives one image twice, between seeds, splits or indices', () => {
    const images = [0, 1].flatMap(seed =>
      ['train', 'test'].flatMap(split =>
        Array.from({ length: 250 }, (_, index) => digest(orientationImage(seed, split, index).pixels)),
      ),
    )
    expect(new Set(images).size).toBe(images.length)
  })

  it('keeps a class under a horizontal flip and changes it under a vertical one', () => {
    const contrast = contrastOf(8000)
    const mirrored = contrast.map(map => mapped(map, (y, x) => y * side + side - 1 - x))
    const upended = contrast.map(map => mapped(map, (y, x) => (side - 1 - y) * side + x))
    const nearest = (map: Float64Array): number => {
      const distances = contrast.map(other => distance(map, other))
      return distances.indexOf(Math.min(...distances))
    }
    expect(mirrored.map(nearest)).toEqual(contrast.map((_, label) => label))
    expect(upended.map(nearest)).toEqual(contrast.map((_, label) => label ^ 1))
  })
})
