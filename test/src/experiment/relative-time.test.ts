import { describe, expect, it } from 'vitest'
import { median, race, ratios } from '../../../src/experiment/race.ts'
import { relativeTimes } from '../../../src/experiment/relative-time.ts'
import { createZooNetwork, parsePlan } from '../../../src/index.ts'

describe('race', () => {
  it('runs every racer once to warm up, then in turns, each round beginning with another', async () => {
    const ran: string[] = []
    const racer = (name: string) => ({ run: async () => ran.push(name) })
    const times = await race(['a', 'b', 'c'].map(racer), { rounds: 3, seconds: 0 })
    expect(times.map(each => each.length)).toEqual([3, 3, 3])
    // What is quick is run twice and timed once.
    expect(ran.join('')).toBe('abc' + 'aabbcc' + 'bbccaa' + 'ccaabb')
  })

  it('compares round by round', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(ratios([2, 20, 200], [1, 10, 50])).toBe(2)
  })
})

describe('relativeTimes', () => {
  it('times plans beside vanilla on one executor', async () => {
    const network = createZooNetwork('preact-resnet-8?classes=10')
    const plans = [parsePlan('vanilla'), parsePlan('rot4@0:max')]
    const times = await relativeTimes(network, plans, { backend: 'wasm', batch: 8, rounds: 5 })
    expect([times.backend, times.executor]).toEqual(['wasm', 'eager'])
    expect(times.vanilla.relative).toBe(1)
    expect(times.plans).toHaveLength(2)
    const [same, four] = times.plans
    expect(same.relative).toBeGreaterThan(0.4)
    expect(same.relative).toBeLessThan(2.5)
    expect(four.relative).toBeGreaterThan(2 * same.relative)
    expect(four.milliseconds.min).toBeLessThanOrEqual(four.milliseconds.median)
    expect(four.milliseconds.median).toBeLessThanOrEqual(four.milliseconds.max)
  })
})
