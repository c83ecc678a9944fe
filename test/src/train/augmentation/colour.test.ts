import { describe, expect, it } from 'vitest'
import { random } from '../../../../src/base/random.ts'
import { adjustments, colourJitter, lighting, pcaLighting } from '../../../../src/train/augmentation/colour.ts'
import type { Raster } from '../../../../src/train/augmentation/raster.ts'
import { scripted } from './scripted.ts'

const image = (...data: readonly number[]): Raster => ({
  data: Uint8Array.from(data),
  height: 1,
  width: data.length / 3,
})

const close = (seen: Raster, expected: readonly number[]): void => {
  expect(seen.data.length).toBe(expected.length)
  seen.data.forEach((value, k) => {
    expect(value, `value ${k}`).toBeCloseTo(expected[k], 3)
  })
}

// Luma of the first pixel: 29.89 + 0 + 22.8 = 52.69; of the second, 0.9999 · 100.
const two = image(100, 0, 200, 100, 100, 100)

describe('colours', () => {
  it('are scaled from black by brightness, and clipped', () => {
    close(adjustments.brightness(two, 1.5), [150, 0, 255, 150, 150, 150])
    close(adjustments.brightness(two, 0), [0, 0, 0, 0, 0, 0])
  })

  it('move from the mean grey by contrast', () => {
    const mean = (52.69 + 99.99) / 2
    close(adjustments.contrast(two, 0), Array(6).fill(mean))
    close(
      adjustments.contrast(two, 0.5),
      [100, 0, 200, 100, 100, 100].map(value => (value + mean) / 2),
    )
    close(adjustments.contrast(two, 2), [200 - mean, 0, 255, 200 - mean, 200 - mean, 200 - mean])
  })

  it('move from their own grey by saturation', () => {
    close(adjustments.saturation(two, 0), [52.69, 52.69, 52.69, 99.99, 99.99, 99.99])
    close(adjustments.saturation(two, 2), [200 - 52.69, 0, 255, 100.01, 100.01, 100.01])
  })

  it('of all kinds stay at a factor of 1', () => {
    for (const adjust of Object.values(adjustments)) close(adjust(two, 1), [...two.data])
  })
})

describe('colour jitter', () => {
  const all = { kind: 'colour-jitter', brightness: 0.4, contrast: 0.4, saturation: 0.4 } as const

  it('leaves a grey image grey, and each strength within its bounds', () => {
    const grey = image(...Array(12).fill(120))
    const seen = Array.from({ length: 200 }, (_, seed) => colourJitter(all, random(seed))(grey).data)
    for (const data of seen) for (const value of data) expect(value).toBeCloseTo(data[0], 1)
    const values = seen.map(data => data[0])
    expect(Math.min(...values)).toBeGreaterThanOrEqual(120 * 0.6 - 0.1)
    expect(Math.max(...values)).toBeLessThanOrEqual(120 * 1.4 + 0.1)
    expect([Math.min(...values) < 80, Math.max(...values) > 160]).toEqual([true, true])
  })

  it('does nothing without strengths, and no draw but the order’s', () => {
    expect(colourJitter({ kind: 'colour-jitter' }, scripted([0.5, 0.5]))(two)).toBe(two)
  })

  it('adjusts in the order that is drawn', () => {
    // Fisher and Yates by 0.99 and 0.99 keeps the order, by 0 and 0 makes of it 1, 2, 0.
    const inOrder = colourJitter(all, scripted([0.99, 0.99, 1, 0, 0.5]))(two)
    close(inOrder, [...adjustments.contrast(adjustments.brightness(two, 1.4), 0.6).data])
    const otherwise = colourJitter(all, scripted([0, 0, 0, 0.5, 1]))(two)
    close(otherwise, [...adjustments.brightness(adjustments.contrast(two, 0.6), 1.4).data])
    expect([...inOrder.data]).not.toEqual([...otherwise.data])
  })

  it('draws no factor below 0', () => {
    const strong = { kind: 'colour-jitter', brightness: 3 } as const
    close(colourJitter(strong, scripted([0, 0, 0]))(two), [0, 0, 0, 0, 0, 0])
    close(colourJitter(strong, scripted([0, 0, 0.25]))(two), [...two.data])
  })
})

describe('colour PCA', () => {
  it('adds along the principal components', () => {
    const [r, g, b] = lighting([1, 0, 0])
    expect(r).toBeCloseTo(255 * -0.5675 * 0.2175, 9)
    expect(g).toBeCloseTo(255 * -0.5808 * 0.2175, 9)
    expect(b).toBeCloseTo(255 * -0.5836 * 0.2175, 9)
    expect(lighting([0, 2, 0])[2]).toBeCloseTo(255 * 2 * -0.6948 * 0.0188, 9)
    expect(lighting([0, 0, 1])[1]).toBeCloseTo(255 * -0.814 * 0.0045, 9)
  })

  it('has components that are orthogonal and of length 1, as eigenvectors are', () => {
    const values = [0.2175, 0.0188, 0.0045]
    const vectors = [0, 1, 2].map(k => lighting([0, 1, 2].map(i => (i === k ? 1 / (255 * values[k]) : 0))))
    for (const i of [0, 1, 2])
      for (const j of [0, 1, 2])
        expect(vectors[i].reduce((sum, value, k) => sum + value * vectors[j][k], 0)).toBeCloseTo(i === j ? 1 : 0, 3)
  })

  it('is one colour for all pixels, of its deviation', () => {
    const added = lighting([0.1, 0.2, -0.3])
    close(
      pcaLighting({ kind: 'pca-lighting', std: 0.1 }, scripted([], [1, 2, -3]))(two),
      [...two.data].map((value, k) => value + added[k % 3]),
    )
    close(pcaLighting({ kind: 'pca-lighting', std: 0 }, random(1))(two), [...two.data])
  })
})
