import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shardHas, shardRange } from '../../../../src/experiment/shards/shard.ts'

const count = (max: number) => fc.integer({ min: 1, max })
const all = (of: number) => Array.from({ length: of }, (_, index) => ({ index, of }))

it('shards have every image once, in order, and none has none', () => {
  fc.assert(
    fc.property(count(200), count(40), count(20), (images, batch, of) => {
      fc.pre(of <= images)
      const ranges = all(of).map(shard => shardRange(shard, images, batch))
      expect(ranges[0][0]).toBe(0)
      expect(ranges.at(-1)?.[1]).toBe(images)
      ranges.forEach(([from, to], k) => {
        expect(to).toBeGreaterThan(from)
        if (k > 0) expect(from).toBe(ranges[k - 1][1])
      })
    }),
  )
})

it('shards are whole batches where there are as many', () => {
  fc.assert(
    fc.property(count(200), count(40), count(20), (images, batch, of) => {
      fc.pre(of <= Math.ceil(images / batch))
      for (const shard of all(of)) {
        const [from, to] = shardRange(shard, images, batch)
        expect(from % batch).toBe(0)
        expect(to % batch === 0 || to === images).toBe(true)
      }
    }),
  )
  expect(all(3).map(shard => shardRange(shard, 24, 5))).toEqual([
    [0, 5],
    [5, 15],
    [15, 24],
  ])
})

it('every task is of one shard, and of the last no more than of others', () => {
  fc.assert(
    fc.property(count(30), count(12), (tasks, of) => {
      const counts = all(of).map(
        shard => Array.from({ length: tasks }, (_, k) => shardHas(shard, k)).filter(Boolean).length,
      )
      expect(counts.reduce((sum, n) => sum + n)).toBe(tasks)
      expect(counts.at(-1)).toBe(Math.min(...counts))
    }),
  )
})
