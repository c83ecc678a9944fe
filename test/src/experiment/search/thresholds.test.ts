import { describe, expect, it } from 'vitest'
import { random } from '../../../../src/base/random.ts'
import {
  type Fit,
  fitThresholds,
  type Judged,
  stagesReached,
  thresholdGrid,
} from '../../../../src/experiment/search/thresholds.ts'

const images = 60

/** Stages of random certainties, many of them equal to one another and to thresholds, and random losses. */
const stagesOf = (seed: number, count: number): readonly Judged[] => {
  const { next } = random(seed, 'stages')
  const certainties = [Number.NaN, 0, 0.3, 0.31, 0.5, 0.9995, 1]
  return Array.from({ length: count }, () => ({
    certainty: Float64Array.from({ length: images }, () =>
      next() < 0.4 ? certainties[Math.floor(next() * certainties.length)] : next(),
    ),
    losses: Float64Array.from({ length: images }, next),
  }))
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length

/** What thresholds come to, image by image. */
const outright = (stages: readonly Judged[], prices: readonly number[], thresholds: readonly number[]): Fit => {
  const ends = Array.from({ length: images }, (_, image) => {
    let stage = 0
    while (stage < thresholds.length && stages[stage].certainty[image] < thresholds[stage]) stage++
    return stage
  })
  const shares = stages.map((_, stage) => mean(ends.map(end => (end >= stage ? 1 : 0))))
  return {
    thresholds,
    shares,
    cost: shares.reduce((sum, share, stage) => sum + share * prices[stage], 0),
    loss: mean(ends.map((end, image) => stages[end].losses[image])),
  }
}

const everyFit = (stages: readonly Judged[], prices: readonly number[]): readonly Fit[] =>
  (stages.length === 2
    ? thresholdGrid.map(threshold => [threshold])
    : thresholdGrid.flatMap(first => thresholdGrid.map(second => [first, second]))
  )
    .map(thresholds => outright(stages, prices, thresholds))
    .filter(({ shares }) => shares.every(share => share >= 0.05))

describe('fitThresholds', () => {
  it.each([
    { seed: 1, count: 2, prices: [1, 1] },
    { seed: 2, count: 2, prices: [1, 4] },
    { seed: 3, count: 3, prices: [1, 1, 3] },
    { seed: 4, count: 3, prices: [1, 0, 0.5] },
  ])('finds what trying every threshold finds: seed $seed, $count stages', ({ seed, count, prices }) => {
    const stages = stagesOf(seed, count)
    const fits = everyFit(stages, prices)
    for (const most of [1.1, 1.5, 2.2, 99]) {
      const best = Math.min(...fits.filter(({ cost }) => cost <= most).map(({ loss }) => loss))
      const found = fitThresholds(stages, prices, most)
      if (found === undefined) {
        expect(best, `within ${most}`).toBe(Number.POSITIVE_INFINITY)
        continue
      }
      expect(found.loss).toBeCloseTo(best, 9)
      const { shares, cost, loss } = outright(stages, prices, found.thresholds)
      expect(found.cost).toBeLessThanOrEqual(most)
      expect([found.cost, found.loss]).toEqual([expect.closeTo(cost, 9), expect.closeTo(loss, 9)])
      expect(found.shares).toEqual(shares)
    }
  })

  it('has nothing to fit where every answer is certain, as of one class, or not a number', () => {
    for (const certainty of [1, Number.NaN]) {
      const stage = { certainty: new Float64Array(4).fill(certainty), losses: new Float64Array(4) }
      expect(fitThresholds([stage, stage], [1, 1], 9)).toBeUndefined()
      expect(fitThresholds([stage, stage, stage], [1, 1, 1], 9)).toBeUndefined()
    }
  })

  it('takes of equal losses the fewest images that go on', () => {
    const stage = { certainty: Float64Array.of(0.1, 0.4, 0.6), losses: new Float64Array(3) }
    expect(fitThresholds([stage, stage], [1, 1], 9)?.shares).toEqual([1, 1 / 3])
  })
})

describe('stagesReached', () => {
  it('is where an image ends: NaN goes nowhere, and a threshold itself is certain enough', () => {
    const first = Float64Array.of(0.1, 0.1, 0.5, Number.NaN)
    const second = Float64Array.of(0.1, 0.9, 0, 0)
    expect([...stagesReached([first, second], [0.5, 0.2])]).toEqual([2, 1, 0, 0])
    expect([...stagesReached([first, second], [])]).toEqual([0, 0, 0, 0])
  })
})
