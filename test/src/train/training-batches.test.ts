import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EspalierError } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { random } from '../../../src/base/random.ts'
import { batches, type DataSet, openData } from '../../../src/data/index.ts'
import { augmentedImage, drawn as drawnFor } from '../../../src/train/augmentation/augment.ts'
import { openWorkers } from '../../../src/train/batch-workers.ts'
import { recipes } from '../../../src/train/recipes.ts'
import {
  stepsPerEpoch,
  type TrainingBatch,
  type TrainingBatchOptions,
  type TrainingSource,
  trainingBatches,
} from '../../../src/train/training-batches.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const reference = 'generated:orientation?split=train&range=3:13'
const preprocess = { size: [32, 32], scale: 1 / 255, mean: [0.5], std: [0.25] } as const
const plain = { recipe: { epochs: 2, batch: 4, augment: [] }, preprocess, seed: 5, workers: 0 } as const
const drawn: TrainingBatchOptions = { ...plain, recipe: { ...plain.recipe, augment: recipes.default.augment } }

const all = async (source: TrainingSource, options: TrainingBatchOptions): Promise<readonly TrainingBatch[]> => {
  const seen: TrainingBatch[] = []
  for await (const batch of trainingBatches(source, options)) seen.push(batch)
  return seen
}

const opened = async (name: string): Promise<DataSet> => orThrow(await openData(name))

/** A generated image's number is its label: the classes take turns. */
const labelsOf = (seen: readonly TrainingBatch[]): readonly (readonly number[])[] => seen.map(({ labels }) => labels)

/** Workers that the test started, and whether they ended. */
let started: { readonly worker: Worker; ended: boolean }[] = []
const noteWorker = (worker: Worker): void => {
  const entry = { worker, ended: false }
  worker.on('exit', () => {
    entry.ended = true
  })
  started.push(entry)
}
beforeEach(() => {
  started = []
  process.on('worker', noteWorker)
})
afterEach(() => {
  process.off('worker', noteWorker)
  expect(started.filter(({ ended }) => !ended).length).toBe(0)
})

describe('the batches of a training', () => {
  it('have every image once an epoch, in another order each, the rest in the last', async () => {
    const seen = await all({ reference }, plain)
    expect(seen.map(({ epoch, index, n }) => [epoch, index, n])).toEqual([
      [0, 0, 4],
      [0, 1, 4],
      [0, 2, 2],
      [1, 0, 4],
      [1, 1, 4],
      [1, 2, 2],
    ])
    const [first, second] = [seen.slice(0, 3), seen.slice(3)].map(epoch => labelsOf(epoch).flat())
    for (const labels of [first, second])
      expect([...labels].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(second).not.toEqual(first)
    const others = await all({ reference }, { ...plain, seed: 6 })
    expect(labelsOf(others)).not.toEqual(labelsOf(seen))
    expect([stepsPerEpoch(10, 4), stepsPerEpoch(8, 4), stepsPerEpoch(3, 4)]).toEqual([3, 2, 1])
  })

  it('are the images as the preprocessing makes them where nothing is drawn', async () => {
    const data = await opened(reference)
    const inOrder = new Map<number, Float32Array>()
    for await (const { images, labels } of batches(data, { batch: 1, preprocess }))
      inOrder.set(labels?.[0] ?? -1, images)
    for (const { n, images, labels } of await all({ reference }, plain))
      for (let k = 0; k < n; k++) expect(images.subarray(k * 3072, (k + 1) * 3072)).toEqual(inOrder.get(labels[k]))
  })

  it('are augmented by the seed, the epoch and the number of the image, and then normalized', async () => {
    const data = await opened(reference)
    const seen = await all(data, drawn)
    for (const { epoch, n, images, labels } of seen)
      for (let k = 0; k < n; k++) {
        const number = (labels[k] + 7) % 10
        const [{ image }] = orThrow(await data.read(number, number + 1))
        const draws = random(5, `augmentation of image ${number} in epoch ${epoch}`)
        const pixels = image as Exclude<typeof image, Uint8Array>
        const raster = augmentedImage(pixels, drawnFor(pixels, drawn.recipe.augment, preprocess, draws))
        const expected = Float32Array.from(raster.data, value => (value / 255 - 0.5) / 0.25)
        images.subarray(k * 3072, (k + 1) * 3072).forEach((value, at) => {
          expect(Math.abs(value - expected[at])).toBeLessThan(1e-5)
        })
      }
    const lookOf = (epoch: number, label: number): string => {
      const batch = seen.find(b => b.epoch === epoch && b.labels.includes(label)) as TrainingBatch
      const k = batch.labels.indexOf(label)
      return batch.images.subarray(k * 3072, (k + 1) * 3072).join()
    }
    const differing = Array.from({ length: 10 }, (_, label) => lookOf(0, label) !== lookOf(1, label))
    expect(differing.filter(Boolean).length).toBeGreaterThan(7)
  })

  it('are the same whoever prepares them, and however far ahead', async () => {
    const expected = await all(await opened(reference), drawn)
    for (const options of [{ workers: 0 }, { workers: 1, ahead: 1 }, { workers: 2, ahead: 7 }])
      expect(await all({ reference }, { ...drawn, ...options })).toEqual(expected)
    expect(started.length).toBe(3)
  })

  it('go on from any place', async () => {
    const whole = await all({ reference }, drawn)
    for (const [k, { epoch, index }] of whole.entries())
      expect(await all({ reference }, { ...drawn, start: { epoch, index } })).toEqual(whole.slice(k))
    expect(await all({ reference }, { ...drawn, start: { epoch: 0, index: 3 } })).toEqual(whole.slice(3))
    expect(await all({ reference }, { ...drawn, start: { epoch: 2, index: 0 } })).toEqual([])
    expect(await all({ reference }, { ...drawn, workers: 1, start: { epoch: 1, index: 1 } })).toEqual(whole.slice(4))
  })

  it('are of the images that are to be trained on', async () => {
    const seen = await all({ reference }, { ...plain, images: Int32Array.of(9, 2, 4) })
    expect(seen.map(({ n }) => n)).toEqual([3, 3])
    for (const labels of labelsOf(seen)) expect([...labels].sort()).toEqual([2, 5, 7])
    const whole = await all({ reference }, { ...drawn, recipe: { ...drawn.recipe, batch: 10 } })
    const [one] = await all({ reference }, { ...drawn, images: Int32Array.of(4) })
    const k = whole[0].labels.indexOf(one.labels[0])
    expect(one.images).toEqual(whole[0].images.subarray(k * 3072, (k + 1) * 3072))
  })

  it('follow from the seed of generated data', async () => {
    const open = { seed: 9 }
    const [other] = await all({ reference, open }, { ...plain, workers: 1 })
    expect(other).toEqual((await all({ reference, open }, plain))[0])
    expect(other.images).not.toEqual((await all({ reference }, plain))[0].images)
  })
})

describe('reading batches', () => {
  const many = { reference: 'generated:orientation?split=train&range=0:100' }

  it.each([0, 1])('may end early (%s workers)', async workers => {
    const seen: number[] = []
    for await (const { index } of trainingBatches(many, { ...drawn, workers })) {
      seen.push(index)
      if (index === 2) break
    }
    expect(seen).toEqual([0, 1, 2])
    const thrown = async (): Promise<void> => {
      for await (const _ of trainingBatches(many, { ...drawn, workers })) throw new Error('from the reader')
    }
    await expect(thrown()).rejects.toThrow('from the reader')
    const unread = trainingBatches(many, { ...drawn, workers })
    await unread.return()
    expect(started.length).toBe(2 * workers)
  })

  it.each([0, 1])('ends when it is aborted (%s workers)', async workers => {
    const stop = new AbortController()
    const seen: number[] = []
    for await (const { index } of trainingBatches(many, { ...drawn, workers, signal: stop.signal })) {
      seen.push(index)
      if (index === 1) stop.abort()
    }
    expect(seen).toEqual([0, 1])
  })

  it('prepares no more than it is told to ahead of the reader', async () => {
    const data = await opened(many.reference)
    let reads = 0
    const counted: DataSet = {
      ...data,
      pick: indices => {
        reads++
        return (data.pick as NonNullable<DataSet['pick']>)(indices)
      },
    }
    let seen = 0
    for await (const _ of trainingBatches(counted, { ...drawn, ahead: 3 })) {
      seen++
      await expect.poll(() => reads, { timeout: 60_000 }).toBe(Math.min(seen + 3, 50))
      await new Promise(resolve => setTimeout(resolve, 5))
      expect(reads).toBe(Math.min(seen + 3, 50))
    }
    expect(seen).toBe(50)
  })

  it('does not keep a process alive that has no more to do', async () => {
    const url = (path: string): string => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href)
    const program = `
      import { trainingBatches } from ${url('src/train/training-batches.ts')}
      const reading = trainingBatches(${JSON.stringify(many)}, ${JSON.stringify({ ...drawn, workers: 1 })})
      for (let k = 0; k < 3; k++) console.log((await reading.next()).value.n)
    `
    const run = promisify(execFile)
    const { stdout } = await run(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', program],
      { timeout: 600_000 },
    )
    expect(stdout).toBe('4\n4\n4\n')
  })
})

describe('batches that cannot be prepared', () => {
  let folder: string
  beforeAll(async () => {
    folder = await temporaryFolder('batches')
    const rows = Array.from({ length: 6 }, (_, k) => [0, k === 4 ? 100 : k, ...new Array(3072).fill(k)])
    await writeFile(join(folder, 'train.bin'), Uint8Array.from(rows.flat()))
  })

  const failure = async (source: TrainingSource, options: TrainingBatchOptions) => {
    const seen: number[] = []
    try {
      for await (const { labels } of trainingBatches(source, options)) seen.push(...labels)
    } catch (error) {
      return { seen, error: error as EspalierError }
    }
    throw new Error('no failure')
  }

  it.each([0, 1])('are said by the error that they are, after those before (%s workers)', async workers => {
    const options = { ...plain, recipe: { ...plain.recipe, batch: 1 }, workers }
    const { seen, error } = await failure({ reference: `cifar100:${folder}?split=train` }, options)
    expect(error).toBeInstanceOf(EspalierError)
    expect(error).toMatchObject({
      kind: 'usage',
      problems: [{ tag: 'bad-labels', where: `${join(folder, 'train.bin')}, row 4`, seen: 'label 100' }],
    })
    expect(error.message).toContain('label 100')
    const whole = await all({ reference: `cifar100:${folder}?split=train&range=0:4` }, options)
    expect(whole.length).toBe(8)
    expect(seen.every(label => label < 6) && new Set(seen).size === seen.length && seen.length < 6).toBe(true)
  })

  it('are refused before they are begun where no batch could be', async () => {
    const absent = await failure({ reference: `cifar100:${folder}?split=test` }, { ...plain, workers: 1 })
    expect(absent.error.problems).toMatchObject([{ tag: 'missing-file' }])
    const data = { ...(await opened(reference)), labelled: false }
    expect((await failure(data, plain)).error.problems).toMatchObject([{ tag: 'not-labelled' }])
    const recipe = { ...plain.recipe, augment: [{ kind: 'random-crop', resize_to: 31 }] } as const
    const small = await failure({ reference }, { ...plain, recipe, workers: 1 })
    expect(small.error.problems).toMatchObject([{ tag: 'bad-augmentation' }])
    expect(started.length).toBe(0)
  })

  it('name an image without a label', async () => {
    const data = await opened(reference)
    const half: DataSet = {
      ...data,
      pick: async indices => {
        const examples = orThrow((await data.pick?.(indices)) ?? (await data.read(0, 0)))
        return { _tag: 'Right', right: examples.map(({ image, where }) => ({ image, where })) }
      },
    }
    expect((await failure(half, plain)).error.problems).toMatchObject([
      { tag: 'not-labelled', where: expect.stringContaining('generated:orientation train') },
    ])
  })

  it('fail by the end of the worker that had them', async () => {
    const preparation = { preprocess, augment: [], seed: 0 }
    const { load, close } = openWorkers({ reference, open: {}, preparation }, 1)
    const loading = load({ epoch: 0, indices: [0] })
    loading.catch(() => {})
    await close()
    await expect(loading).rejects.toThrow('prepares images ended')
    await expect(load({ epoch: 0, indices: [0] })).rejects.toThrow('prepares images ended')
  })
})
