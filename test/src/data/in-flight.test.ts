import { describe, expect, it } from 'vitest'
import { inFlight } from '../../../src/data/in-flight.ts'

describe('tasks within a budget', () => {
  it('run side by side as long as it lasts, the largest alone, in their order', async () => {
    const holding = inFlight(10)
    const ends: (() => void)[] = []
    const running: number[] = []
    const tasks = [4, 6, 1, 30, 2].map(bytes =>
      holding(bytes, async () => {
        running.push(bytes)
        await new Promise<void>(end => ends.push(end))
        running.splice(running.indexOf(bytes), 1)
        return bytes
      }),
    )
    const next = async (): Promise<readonly number[]> => {
      await new Promise(resolve => setImmediate(resolve))
      return [...running]
    }
    expect(await next()).toEqual([4, 6])
    ends[0]()
    expect(await next()).toEqual([6, 1])
    ends[1]()
    expect(await next()).toEqual([1])
    ends[2]()
    expect(await next()).toEqual([30])
    ends[3]()
    expect(await next()).toEqual([2])
    ends[4]()
    expect(await Promise.all(tasks)).toEqual([4, 6, 1, 30, 2])
  })

  it('goes on after a failure', async () => {
    const holding = inFlight(1)
    await expect(holding(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await holding(1, async () => 3)).toBe(3)
  })
})
