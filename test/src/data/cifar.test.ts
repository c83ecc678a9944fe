import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { batches, type DataSet, type Example, examplesAt, openData } from '../../../src/data/index.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const plane = 1024

/** A row whose pixel (i, channel c) is `i + 85 c + number`, modulo 256. */
const row = (labels: readonly number[], number: number): Uint8Array =>
  Uint8Array.from([
    ...labels,
    ...Array.from({ length: 3 * plane }, (_, k) => (k % plane) + 85 * Math.floor(k / plane) + number),
  ])

const rows = (count: number, labels: (number: number) => readonly number[], first = 0): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, (_, k) => row(labels(first + k), first + k)))

const opened = async (reference: string): Promise<DataSet> => orThrow(await openData(reference))

const problemOf = async (reference: string) => {
  const data = await openData(reference)
  if (E.isRight(data)) throw new Error('no problem')
  return data.left
}

const raw = { size: [32, 32], scale: 1, mean: [0], std: [1] } as const

describe('CIFAR', () => {
  let folder: string
  beforeAll(async () => {
    folder = await temporaryFolder('cifar')
    await writeFile(
      join(folder, 'test.bin'),
      rows(5, n => [n, 10 + n]),
    )
    await writeFile(
      join(folder, 'test_batch.bin'),
      rows(3, n => [n]),
    )
    for (const part of [0, 1, 2, 3, 4])
      await writeFile(
        join(folder, `data_batch_${part + 1}.bin`),
        rows(2, n => [n], 2 * part),
      )
  })

  it('reads planes as pixels and fine labels, in batches', async () => {
    const data = await opened(`cifar100:${folder}`)
    expect([data.count, data.classCount, data.labelled]).toEqual([5, 100, true])
    const seen: (readonly number[])[] = []
    for await (const { first, n, images, labels } of batches(data, { batch: 2, preprocess: raw })) {
      expect(images.length).toBe(n * 3 * plane)
      for (let k = 0; k < n; k++)
        for (const [i, c] of [
          [0, 0],
          [1, 0],
          [0, 1],
          [1023, 2],
          [40, 2],
        ])
          expect(images[k * 3 * plane + 3 * i + c]).toBe((i + 85 * c + first + k) % 256)
      seen.push([first, n, ...(labels ?? [])])
    }
    expect(seen).toEqual([
      [0, 2, 10, 11],
      [2, 2, 12, 13],
      [4, 1, 14],
    ])
  })

  it('reads CIFAR-10 over the borders of its five files', async () => {
    const data = await opened(`cifar10:${folder}?split=train&range=3:8`)
    const labels: number[] = []
    for await (const batch of batches(data, { batch: 4, preprocess: raw })) {
      labels.push(...(batch.labels ?? []))
      expect(batch.images[0]).toBe(batch.first + 3)
    }
    expect(labels).toEqual([3, 4, 5, 6, 7])
    expect((await opened(`cifar10:${folder}`)).count).toBe(3)
  })

  it('reads rows anywhere in its files, in the order asked for', async () => {
    for (const reference of [`cifar10:${folder}?split=train`, `cifar10:${folder}?split=train&range=1:10`]) {
      const data = await opened(reference)
      const shift = 10 - data.count
      const picked = orThrow(await examplesAt(data, [8, 0, 5, 1, 5]))
      expect(picked.map(({ label }) => label)).toEqual([8, 0, 5, 1, 5].map(k => k + shift))
      expect(picked[2]).toEqual((E.toUnion(await data.read(5, 6)) as readonly Example[])[0])
    }
  })

  it('names a missing file, a file of the wrong length and a range beyond the end', async () => {
    expect(await problemOf(`cifar100:${folder}?split=train`)).toMatchObject({
      tag: 'missing-file',
      where: join(folder, 'train.bin'),
    })
    expect(await problemOf(`cifar100:${folder}?range=2:6`)).toMatchObject({
      tag: 'bad-reference',
      seen: 'range=2:6 of 5 images',
    })
    for (const length of [0, 3073, 3074 * 4 + 1]) {
      await writeFile(
        join(folder, 'train.bin'),
        rows(5, n => [n, n]),
      )
      await truncate(join(folder, 'train.bin'), length)
      const problem = await problemOf(`cifar100:${folder}?split=train`)
      expect(problem).toMatchObject({ tag: 'bad-length', where: join(folder, 'train.bin'), seen: `${length} bytes` })
      expect(problem.expected).toContain('3074')
    }
  })

  it('refuses a label that the data set does not have', async () => {
    await writeFile(
      join(folder, 'train.bin'),
      rows(2, n => [0, 99 + n]),
    )
    const data = await opened(`cifar100:${folder}?split=train`)
    const labels: number[] = []
    const reading = async (): Promise<void> => {
      for await (const batch of batches(data, { batch: 1, preprocess: raw })) labels.push(...(batch.labels ?? []))
    }
    await expect(reading()).rejects.toMatchObject({ problems: [{ tag: 'bad-labels', seen: 'label 100' }] })
    expect(labels).toEqual([99])
  })

  it.skipIf(!hasShared)('reads the real test set (needs ../shared)', async () => {
    const data = await opened(`cifar100:${sharedPath('data', 'cifar-100-binary')}`)
    expect([data.count, data.classes?.length, data.classes?.[0]]).toEqual([10_000, 100, 'apple'])
    const counts = new Array<number>(100).fill(0)
    let [sum, squares, values] = [0, 0, 0]
    for await (const { labels, images } of batches(data, { batch: 500, preprocess: data.preprocess! })) {
      for (const label of labels ?? []) counts[label]++
      for (const value of images) {
        sum += value
        squares += value * value
      }
      values += images.length
    }
    expect(new Set(counts)).toEqual(new Set([100]))
    // The mean and deviation are the training set's: the test set's come near.
    expect(Math.abs(sum / values)).toBeLessThan(0.03)
    expect(Math.abs(squares / values - 1)).toBeLessThan(0.03)
  })
})
