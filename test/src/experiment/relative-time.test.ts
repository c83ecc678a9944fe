import { describe, expect, it } from 'vitest'
import { machineClock } from '../../../src/execute/race.ts'
import { relativeTimes } from '../../../src/experiment/relative-time.ts'
import { createZooNetwork, parsePlan } from '../../../src/index.ts'

/** The time that the processor spent on this process, in milliseconds, whatever else it did meanwhile. */
const processorClock = {
  ...machineClock,
  now: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
}

describe('relativeTimes', () => {
  it('times plans beside vanilla on one executor', async () => {
    const network = createZooNetwork('preact-resnet-8?classes=10')
    const plans = [parsePlan('vanilla'), parsePlan('rot4@0:max')]
    const times = await relativeTimes(network, plans, { backend: 'wasm', batch: 8, rounds: 5, clock: processorClock })
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
