import { describe, expect, it } from 'vitest'
import { deviationOf, meanOf, medianOf, standardErrorOf, sumOf } from '../../../src/base/statistics.ts'

describe('statistics', () => {
  it('sums and means', () => {
    expect(sumOf([])).toBe(0)
    expect(sumOf(Float64Array.of(1, 2, 6))).toBe(9)
    expect(meanOf([1, 2, 6])).toBe(3)
    expect(meanOf([])).toBeNaN()
  })

  it('deviations of a sample', () => {
    expect(deviationOf([1, 3])).toBeCloseTo(Math.SQRT2, 12)
    expect(deviationOf(Float32Array.of(2, 4, 4, 4, 5, 5, 7, 9))).toBeCloseTo(Math.sqrt(32 / 7), 12)
    expect(deviationOf([5])).toBeNaN()
    expect(standardErrorOf([1, 3])).toBeCloseTo(1, 12)
  })

  it('medians, of an even count the middle of the middle two', () => {
    expect(medianOf([3, 1, 2])).toBe(2)
    expect(medianOf([4, 1, 2, 3])).toBe(2.5)
  })
})
