import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pair } from '../../ir/index.ts'
import { isLarge, meanSteps, meanTile } from '../../passes/mean-steps.ts'

const most = 64

const extent = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.constantFrom(1, 64, 67, 127, 320, 4099))
const maps = fc.oneof(
  fc.tuple(extent, extent),
  extent.map((n): Pair => [n, n]),
)

const largestSide = (extent: number): number =>
  Math.max(...Array.from({ length: most }, (_, k) => k + 1).filter(side => extent % side === 0))

const pixels = ([h, w]: Pair): number => h * w

describe('the mean of a large map', () => {
  it.each<readonly [Pair, boolean]>([
    [[64, 64], false],
    [[1, 4096], false],
    [[1, 4097], true],
    [[17, 241], true],
    [[65, 64], true],
  ])('is that of one of %j: %j', (extents, wanted) => {
    expect(isLarge(extents)).toBe(wanted)
  })

  it('is taken of tiles as tall and as wide as fit, or of whole columns, or of the one row', () => {
    fc.assert(
      fc.property(maps, ([h, w]) => {
        const sides = [largestSide(h), largestSide(w)] as const
        const whole = h > 1 ? [h, 1] : [1, w]
        expect(meanTile([h, w])).toEqual(pixels(sides) > 1 ? sides : whole)
      }),
    )
  })

  it('comes in steps that together are the map, none of which does nothing', () => {
    fc.assert(
      fc.property(maps, extents => {
        const steps = meanSteps(extents)
        const product = steps.reduce(([h, w], [down, across]): Pair => [h * down, w * across], [1, 1])
        expect(product).toEqual(extents)
        if (!isLarge(extents)) expect(steps).toEqual([extents])
        else for (const step of steps) expect(pixels(step)).toBeGreaterThan(1)
      }),
    )
  })

  it('takes more at once than a tile only of rows or columns that have no divisor', () => {
    fc.assert(
      fc.property(maps, extents => {
        for (const step of meanSteps(extents)) if (isLarge(step)) expect(Math.min(...step)).toBe(1)
      }),
    )
  })
})
