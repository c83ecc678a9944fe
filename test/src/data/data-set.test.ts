import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { problem } from '../../../ir/index.ts'
import { batches, type DataSet } from '../../../src/data/index.ts'

const preprocess = { size: [1, 1] } as const

/** Images of one pixel, the value of each its number, and a record of what was read. */
const counting = (count: number, failsAt = Number.POSITIVE_INFINITY): DataSet & { readonly reads: number[] } => {
  const reads: number[] = []
  return {
    name: 'counting',
    count,
    labelled: true,
    reads,
    read: async (from, to) => {
      reads.push(from)
      await new Promise(resolve => setTimeout(resolve, from % 3))
      return from >= failsAt
        ? E.left(problem('unreadable-file', `row ${from}`, 'nothing', 'a row'))
        : E.right(
            Array.from({ length: to - from }, (_, k) => ({
              image: { data: new Uint8Array(3).fill(from + k), height: 1, width: 1 },
              label: from + k,
              where: `row ${from + k}`,
            })),
          )
    },
  }
}

describe('batches', () => {
  it('come in order, whole but the last, up to the limit', async () => {
    for (const [limit, expected] of [
      [undefined, [4, 4, 2]],
      [6, [4, 2]],
      [100, [4, 4, 2]],
    ] as const) {
      const sizes: number[] = []
      let next = 0
      for await (const batch of batches(counting(10), {
        batch: 4,
        preprocess,
        ...(limit === undefined ? {} : { limit }),
      })) {
        sizes.push(batch.n)
        expect(batch.first).toBe(next)
        expect([...batch.images]).toEqual([...(batch.labels ?? [])].flatMap(label => [label, label, label]))
        next += batch.n
      }
      expect(sizes).toEqual(expected)
    }
  })

  it('are read ahead by two and no further, however slow the reader is', async () => {
    const data = counting(40)
    let taken = 0
    for await (const _ of batches(data, { batch: 1, preprocess })) {
      taken++
      await expect.poll(() => data.reads.length, { timeout: 60_000 }).toBe(Math.min(40, taken + 2))
      await new Promise(resolve => setTimeout(resolve, 4))
      expect(data.reads.length).toBe(Math.min(40, taken + 2))
    }
    expect(taken).toBe(40)
  })

  it('fail in their turn, after the good ones before', async () => {
    const taken: number[] = []
    const reading = async (): Promise<void> => {
      for await (const batch of batches(counting(20, 8), { batch: 2, preprocess })) {
        taken.push(batch.first)
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    await expect(reading()).rejects.toMatchObject({ name: 'EspalierError', problems: [{ where: 'row 8' }] })
    expect(taken).toEqual([0, 2, 4, 6])
  })

  it('say of an image that cannot be decoded what to do about it, where none is skipped', async () => {
    const bad = problem('unreadable-image' as const, 'b.png', 'no image', 'an image')
    const reading = batches({ ...counting(2), read: async () => E.left(bad) }, { batch: 2, preprocess })
    await expect(reading.next()).rejects.toMatchObject({
      problems: [{ where: 'b.png', hint: expect.stringContaining('take that file out') }],
    })
  })

  it('end when the reader leaves or the signal says so', async () => {
    const left = counting(1000)
    for await (const _ of batches(left, { batch: 1, preprocess })) break
    expect(left.reads.length).toBeLessThanOrEqual(3)
    const stop = new AbortController()
    const data = counting(1000)
    let taken = 0
    for await (const _ of batches(data, { batch: 1, preprocess, signal: stop.signal })) if (++taken === 5) stop.abort()
    expect(taken).toBe(5)
    expect(data.reads.length).toBeLessThanOrEqual(8)
  })
  it('hear of an interrupt where nothing waits for anything outside', async () => {
    const inMemory: DataSet = {
      ...counting(1000),
      read: async (from, to) =>
        E.right(
          Array.from({ length: to - from }, (_, k) => ({
            image: { data: new Uint8Array(3), height: 1, width: 1 },
            where: `row ${from + k}`,
          })),
        ),
      labelled: false,
    }
    const stop = new AbortController()
    setImmediate(() => stop.abort())
    let taken = 0
    for await (const _ of batches(inMemory, { batch: 1, preprocess, signal: stop.signal })) taken++
    expect(taken).toBeLessThan(1000)
  })
})
