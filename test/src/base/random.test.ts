import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { random, shuffled } from '../../../src/base/random.ts'

const take = (count: number, draw: () => number): readonly number[] => Array.from({ length: count }, draw)
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe('random', () => {
  it('gives the same stream for the same seed and label, on every machine', () => {
    expect(take(4, random(7, 'conv1').next).map(u => u * 2 ** 32)).toEqual([
      1308122809, 1900694166, 1047174312, 1626283413,
    ])
    expect(take(8, random(7, 'conv1').normal)).toEqual(take(8, random(7, 'conv1').normal))
  })

  it('gives another stream for another seed or label', () => {
    const streams = ['', '0', '1', 'train/1', 'train/11', 'test/1'].flatMap(label =>
      [0, 1, 10, -1].map(seed => take(4, random(seed, label).next).join()),
    )
    expect(new Set(streams).size).toBe(streams.length)
    const first = Array.from({ length: 100_000 }, (_, index) => random(0, `train/${index}`).next())
    expect(mean(first)).toBeCloseTo(0.5, 2)
  })

  it('draws uniform and normal numbers', () => {
    const { next, normal, between, below } = random(1)
    const uniform = take(100_000, next)
    expect(mean(uniform)).toBeCloseTo(1 / 2, 2)
    expect(mean(uniform.map(u => u * u))).toBeCloseTo(1 / 3, 2)
    expect(uniform.every(u => u >= 0 && u < 1)).toBe(true)
    const gaussian = take(200_000, normal)
    expect(Math.abs(mean(gaussian))).toBeLessThan(0.01)
    expect(mean(gaussian.map(x => x ** 2))).toBeCloseTo(1, 1)
    expect(mean(gaussian.map(x => x ** 4))).toBeCloseTo(3, 0)
    // Two drawn together are independent.
    expect(Math.abs(mean(gaussian.slice(1).map((x, i) => x * gaussian[i])))).toBeLessThan(0.01)
    expect(take(1000, () => between(-2, 3)).every(x => x >= -2 && x < 3)).toBe(true)
    expect(new Set(take(1000, () => below(5)))).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  it('shuffles: every number once, every order as often', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer(), (count, seed) => {
        expect([...shuffled(count, random(seed))].sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        )
      }),
    )
    const seen = new Map<string, number>()
    for (let seed = 0; seed < 6000; seed++) {
      const order = shuffled(3, random(seed)).join()
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).toBe(6)
    expect(Math.min(...seen.values())).toBeGreaterThan(850)
  })
})
