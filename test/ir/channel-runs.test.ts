import fc from 'fast-check'
import { expect, it } from 'vitest'
import { channelRuns } from '../../ir/channel-runs.ts'

it('runs of channels are the fewest that give the order back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 5 })), order => {
      const runs = channelRuns(order)
      expect(runs.flatMap(({ begin, size }) => Array.from({ length: size }, (_, k) => begin + k))).toEqual(order)
      const breaks = order.filter((channel, k) => k > 0 && channel !== order[k - 1] + 1)
      expect(runs.length).toBe(order.length === 0 ? 0 : breaks.length + 1)
    }),
  )
})
