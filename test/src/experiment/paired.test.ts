import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differenceInterval, turnsOf } from '../../../src/experiment/paired.ts'

describe('answers on the same images', () => {
  it('are counted where they differ', () => {
    expect(turnsOf([true, true, false, false, false], [true, false, true, true, false])).toEqual({ won: 1, lost: 2 })
  })

  it('differ by as much as two independent rates of the same images do not tell', () => {
    // Bonett and Price's formula by hand: (31 − 61) / 10,002 ± 1.959964 · √((92 / 10,002 − 0.0029994²) / 10,002).
    const [low, high] = differenceInterval({ won: 60, lost: 30 }, 10_000)
    expect([low, high].map(bound => Number(bound.toFixed(4)))).toEqual([-0.4878, -0.1121])
  })

  it('differ by an interval that turns round with them, has 0 where neither is better, and narrows with as many images again', () => {
    const count = fc.integer({ min: 0, max: 40 })
    fc.assert(
      fc.property(count, count, fc.integer({ min: 0, max: 400 }), (won, lost, alike) => {
        const images = won + lost + alike + 1
        const [low, high] = differenceInterval({ won, lost }, images)
        const turned = differenceInterval({ won: lost, lost: won }, images)
        expect(turned[0]).toBeCloseTo(-high, 10)
        expect(turned[1]).toBeCloseTo(-low, 10)
        const [least, most] = differenceInterval({ won, lost: won }, images + won)
        expect(least < 0 && most > 0).toBe(true)
        const twice = differenceInterval({ won: 2 * won, lost: 2 * lost }, 2 * images)
        const [narrower, wider] = [twice, [low, high]].map(([a, b]) => b - a)
        expect(narrower).toBeLessThan(wider)
      }),
    )
  })
})
