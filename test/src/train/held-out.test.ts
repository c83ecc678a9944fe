import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { batches, examplesAt, openGenerated } from '../../../src/data/index.ts'
import { splitHeldOut, subset } from '../../../src/train/held-out.ts'

const split = (count: number, n: number, seed: number) => orThrow(splitHeldOut(count, n, seed))

describe('a held-out split', () => {
  it('has every image in one part and each part in order', () => {
    const { training, heldOut } = split(1000, 100, 3)
    expect([training.length, heldOut.length]).toEqual([900, 100])
    expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, k) => k))
    for (const part of [training, heldOut]) expect([...part]).toEqual([...part].sort((a, b) => a - b))
  })

  it('is drawn from the seed, all over the data', () => {
    const { heldOut } = split(1000, 100, 3)
    expect(split(1000, 100, 3).heldOut).toEqual(heldOut)
    expect(split(1000, 100, 4).heldOut).not.toEqual(heldOut)
    for (const quarter of [0, 1, 2, 3])
      expect(heldOut.filter(k => Math.floor(k / 250) === quarter).length).toBeGreaterThan(10)
  })

  it('may hold nothing out, and not everything', () => {
    expect(split(3, 0, 0)).toEqual({ training: Int32Array.of(0, 1, 2), heldOut: Int32Array.of() })
    expect(split(3, 2, 0).training.length).toBe(1)
    for (const n of [3, 4])
      expect(splitHeldOut(3, n, 0)).toMatchObject({
        left: [{ tag: 'too-few-images', seen: `${n} of 3 images held out` }],
      })
  })
})

describe('a subset', () => {
  const data = openGenerated('orientation', 'train', 1)
  const part = subset(data, Int32Array.of(7, 3, 3, 40))

  it('has the images that its numbers name, in their order', async () => {
    const whole = await examplesAt(data, [7, 3, 3, 40])
    expect(part.count).toBe(4)
    expect(await part.read(0, 4)).toEqual(whole)
    expect(await part.read(1, 3)).toEqual(await examplesAt(data, [3, 3]))
    expect(await examplesAt(part, [3, 0])).toEqual(await examplesAt(data, [40, 7]))
    expect(E.isRight(whole) && whole.right.map(({ label }) => label)).toEqual([7, 3, 3, 0])
  })

  it('is read in batches and cut again', async () => {
    const seen: (readonly number[] | undefined)[] = []
    for await (const { labels } of batches(part, { batch: 3, preprocess: data.preprocess! })) seen.push(labels)
    expect(seen).toEqual([[7, 3, 3], [0]])
    expect(await subset(part, [3]).read(0, 1)).toEqual(await data.read(40, 41))
  })
})
