import { describe, expect, it } from 'vitest'
import { bestClass, rankOf, topClasses, unanswered, wilsonPercent } from '../../../src/execute/score.ts'

const scores = Float32Array.of(9, 9, 9, 1, 5, 5, 0, 2)

describe('the rank of a label', () => {
  it('counts the classes that score higher, the earlier one of equals first', () => {
    expect([0, 1, 2, 3, 4].map(label => rankOf(scores, 0, 8, label))).toEqual([0, 1, 2, 6, 3])
    expect([0, 1, 2, 3].map(label => rankOf(scores, 1, 4, label))).toEqual([0, 1, 3, 2])
  })

  it('agrees with the order of the best classes', () => {
    const order = topClasses(scores, 0, 8, 8)
    expect(order.map(label => rankOf(scores, 0, 8, label))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect([0, 1].map(row => bestClass(scores, row, 4))).toEqual([0, 1].map(row => topClasses(scores, row, 4, 1)[0]))
  })

  it.each([
    ['NaN', [Number.NaN, Number.NaN, Number.NaN]],
    ['one NaN', [1, Number.NaN, 0]],
    ['infinite', [1, Number.POSITIVE_INFINITY, 0]],
    ['all minus infinity', [-Infinity, -Infinity, -Infinity]],
  ])('is beyond the last where scores are %s: a broken network is never right', (_, values) => {
    const broken = Float32Array.from([...values, 1, 2, 3])
    expect([0, 1, 2].map(label => rankOf(broken, 0, 3, label))).toEqual([3, 3, 3])
    expect(unanswered(broken, 3)).toEqual([0])
  })

  it('may count classes that are out of the question', () => {
    const scores = Float32Array.of(Number.NEGATIVE_INFINITY, 2, 1)
    expect([0, 1, 2].map(label => rankOf(scores, 0, 3, label))).toEqual([2, 0, 1])
  })
})

describe("Wilson's interval", () => {
  it('is bounded by the rates from which what was seen is 1.96 deviations away', () => {
    for (const [wrong, images] of [
      [3117, 10_000],
      [28, 100],
      [1, 3],
    ])
      for (const bound of wilsonPercent(wrong, images)) {
        const deviation = Math.sqrt(((bound / 100) * (1 - bound / 100)) / images)
        expect(Math.abs(wrong / images - bound / 100) / deviation).toBeCloseTo(1.96, 4)
      }
  })

  it('stays between 0 and 100', () => {
    expect(wilsonPercent(0, 10)[0]).toBe(0)
    expect(wilsonPercent(10, 10)[1]).toBeCloseTo(100, 10)
    expect(wilsonPercent(10, 10)[1]).toBeLessThanOrEqual(100)
  })
})
