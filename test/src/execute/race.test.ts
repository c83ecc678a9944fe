import { describe, expect, it } from 'vitest'
import { race, ratios } from '../../../src/execute/race.ts'

describe('race', () => {
  it('runs every racer once to warm up, then in turns, each round beginning with another', async () => {
    const ran: string[] = []
    const racer = (name: string) => ({ run: async () => ran.push(name) })
    const times = await race(['a', 'b', 'c'].map(racer), { rounds: 3, seconds: 0 })
    expect(times.map(each => each.length)).toEqual([3, 3, 3])
    // What is quick is run twice and timed once.
    expect(ran.join('')).toBe('abc' + 'aabbcc' + 'bbccaa' + 'ccaabb')
  })

  it('is over for one that is hopeless twice, or that fails', async () => {
    let [now, runs] = [0, 0]
    const takes = (milliseconds: number) => ({
      run: async () => {
        now += milliseconds
      },
    })
    const breaks = {
      run: async () => {
        if (runs++ > 4) throw new Error('broken')
        now += 2
      },
    }
    const told: unknown[] = []
    const times = await race([takes(1), takes(9), takes(3), breaks], {
      ...{ rounds: 4, seconds: 9, hopeless: 4 },
      onFailure: (racer, error) => told.push([racer, error]),
      clock: { now: () => now, rest: async () => {} },
    })
    expect(times).toEqual([
      [1, 1, 1, 1],
      [9, 9],
      [3, 3, 3, 3],
      [2, 2],
    ])
    expect(told).toEqual([[3, new Error('broken')]])
  })

  it('compares round by round', () => {
    expect(ratios([2, 20, 200], [1, 10, 50])).toBe(2)
  })
})
