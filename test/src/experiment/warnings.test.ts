import { describe, expect, it } from 'vitest'
import { channelStatistics, pooledStatistics } from '../../../src/data/channel-statistics.ts'
import { wilsonPercent } from '../../../src/execute/score.ts'
import { warningsOf } from '../../../src/experiment/warnings.ts'

const fedWith = (mean: number, deviation: number, images = 64) =>
  ({ fed: { images, mean: [mean, 0, 0], deviation: [deviation, deviation, deviation] }, fedAs: 'normalized' }) as const

describe('what a network is fed', () => {
  it('looks wrong where mean and std do not bring it to about 0 and 1', () => {
    const wrong = (mean: number, deviation: number, images = 64) =>
      warningsOf(fedWith(mean, deviation, images)).map(({ about }) => about)
    // No scale, and a mean and std of pixels from 0 to 1.
    expect(wrong(480, 250)).toEqual(['preprocessing'])
    // Scaled twice.
    expect(wrong(-2.1, 0.005)).toEqual(['preprocessing'])
    // Dark and bright photographs, and one blank image.
    for (const [mean, deviation] of [
      [-1.8, 0.4],
      [2.4, 0.3],
      [0, 1],
    ])
      expect(wrong(mean, deviation)).toEqual([])
    expect(wrong(-2.1, 0, 1)).toEqual([])
    expect(warningsOf({ ...fedWith(110, 60), fedAs: undefined })).toEqual([])
    const [raw] = warningsOf({ ...fedWith(110, 60), fedAs: 'pixels' })
    expect(raw.text).toContain('pixels from 0 to 255 as they are')
  })

  it('is the same of parts as of the whole', () => {
    const values = Float32Array.from({ length: 4 * 6 }, (_, k) => Math.sin(k * k))
    const whole = channelStatistics(values, 4, 3)
    const parts = [values.subarray(0, 6), values.subarray(6)]
    const pooled = pooledStatistics([channelStatistics(parts[0], 1, 3), channelStatistics(parts[1], 3, 3)])
    expect(pooled?.images).toBe(4)
    for (const c of [0, 1, 2]) {
      const own = [0, 1, 2, 3, 4, 5, 6, 7].map(k => values[3 * k + c])
      const mean = own.reduce((a, b) => a + b) / 8
      expect(whole.mean[c]).toBeCloseTo(mean, 6)
      expect(whole.deviation[c]).toBeCloseTo(Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / 8), 6)
      expect(pooled?.mean[c]).toBeCloseTo(mean, 6)
      expect(pooled?.deviation[c]).toBeCloseTo(whole.deviation[c], 6)
    }
    expect(pooledStatistics([])).toBeUndefined()
  })
})

describe('an error', () => {
  const warned = (wrong: number, images: number, classCount: number) =>
    warningsOf({ errorIntervalPercent: wilsonPercent(wrong, images), classCount }).length > 0

  it('looks wrong where it is that of guessing, and images are enough to tell', () => {
    expect(warned(990, 1000, 100)).toBe(true)
    expect(warned(10, 10, 1000)).toBe(true)
    expect(warned(50, 100, 2)).toBe(true)
    expect(warned(100, 100, 2)).toBe(true)
    expect(warned(3, 3, 1000)).toBe(false)
    expect(warned(5, 10, 2)).toBe(false)
    expect(warned(700, 1000, 100)).toBe(false)
    expect(warned(96, 100, 1000)).toBe(true)
    expect(warned(480, 1000, 2)).toBe(true)
    expect(warned(460, 1000, 2)).toBe(false)
    expect(warned(0, 100, 2)).toBe(false)
  })

  it('is said with what the network is fed', () => {
    const errorIntervalPercent = [98, 99.9] as const
    const [{ about, text }] = warningsOf({ ...fedWith(0, 1), errorIntervalPercent, classCount: 100 })
    expect(about).toBe('error')
    expect(text).toContain('guessing among 100 classes, 99.00 %')
    expect(text).toContain('mean 0, 0, 0 and deviation 1, 1, 1')
  })
})
