import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startThread } from '../../../src/base/thread.ts'
import { openExecutionThreads } from '../../../src/execute/execution-threads.ts'
import { openModel } from '../../../src/execute/model.ts'
import {
  compile,
  createModel,
  createZooNetwork,
  EspalierError,
  evaluate,
  type Model,
  parsePlan,
} from '../../../src/index.ts'

const preprocess = { size: [32, 32], scale: 1 / 255 } as const
const plan = parsePlan('vanilla/0.02/vanilla-tta-geo')
const compiled = compile(createZooNetwork('cifar-resnet-8?classes=4'), plan, {
  meaning: { preprocess, classes: ['a', 'b', 'c', 'd'] },
})
const size = 32 * 32 * 3
const images = (n: number, seed = 0): Float32Array =>
  Float32Array.from({ length: n * size }, (_, k) => Math.sin(k + seed))
const photo = (value: number) => ({ data: new Uint8Array(48 * 32 * 3).fill(value), height: 48, width: 32 })

let [here, there]: readonly Model[] = []
beforeAll(async () => {
  here = await createModel(compiled, { backend: 'wasm', batch: 4 })
  there = await createModel(compiled, { backend: 'wasm', batch: 4, workers: 2 })
})
afterAll(async () => {
  here.dispose()
  await there[Symbol.asyncDispose]()
})

const plain = ({
  n,
  logits,
  probabilities,
  stages,
  certainty,
  disagreement,
}: Awaited<ReturnType<Model['predict']>>) => ({
  ...{ n, logits, probabilities, stages, certainty, disagreement },
})

describe('a model in threads', () => {
  it('answers what it answers here: predictions, classes, batches in turn', async () => {
    expect([there.backend, there.executor, there.describe]).toEqual([here.backend, here.executor, here.describe])
    for (const n of [1, 5]) expect(plain(await there.predict(images(n)))).toEqual(plain(await here.predict(images(n))))
    const photos = [photo(3), photo(200)]
    expect(await there.classify(photos, { top: 2 })).toEqual(await here.classify(photos, { top: 2 }))
    expect(photos.map(({ data }) => data.length)).toEqual([48 * 32 * 3, 48 * 32 * 3])
    const data = 'generated:orientation?range=0:20'
    const four = { preprocess, answers: true, batch: 3 }
    const unlabelled = async (model: Model) => {
      const seen: number[][] = []
      for await (const { logits } of model.predictEach(each())) seen.push([...logits])
      return seen
    }
    async function* each() {
      for (let k = 0; k < 9; k++) yield images(2, k)
    }
    expect(await unlabelled(there)).toEqual(await unlabelled(here))
    await expect(evaluate(there, data, four)).rejects.toThrow('classes')
  })

  it('answers many at once, each its own', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, k) => there.predict(images(1, k))))
    for (const [k, { logits }] of answers.entries()) expect(logits).toEqual((await here.predict(images(1, k))).logits)
  })

  it('leaves the event loop free: while it runs a timer ticks; it tells of batches, and is replaced where it dies, and ends after what is under way', async () => {
    const ticks = new Int32Array(new SharedArrayBuffer(4))
    const timer = setInterval(() => {
      Atomics.add(ticks, 0, 1)
      Atomics.notify(ticks, 0)
    }, 1)
    const started: ReturnType<typeof startThread>[] = []
    const start = (task: object) => {
      started.push(startThread('./gated-execution-thread', import.meta.url, { ...task, ticks }))
      return started[started.length - 1]
    }
    const ran: number[] = []
    const onBatch = ({ images }: { readonly images: number }): void => void ran.push(images)
    const model = await openModel(compiled, { backend: 'wasm', onBatch }, (executed, options) =>
      openExecutionThreads(executed, options, { workers: 1, start }),
    )
    const before = Atomics.load(ticks, 0)
    expect(before).toBeGreaterThanOrEqual(5)
    expect((await model.predict(images(2))).logits).toEqual((await here.predict(images(2))).logits)
    expect(Atomics.load(ticks, 0)).toBeGreaterThanOrEqual(before + 5)
    expect(ran[0]).toBe(2)
    // One that dies fails what it has, and no more.
    const lost = model.predict(images(1))
    lost.catch(() => {})
    await new Promise(resolve => setImmediate(resolve))
    await started[0].terminate()
    await expect(lost).rejects.toThrow('the thread of a model ended with code 1')
    // What is under way is done before it ends.
    const calls = [model.predict(images(2)), model.predict(images(3))]
    const control = new AbortController()
    const unwanted = model.predict(images(1), {
      signal: control.signal,
      onStart: () => control.abort(new Error('enough')),
    })
    model.dispose()
    await expect(unwanted).rejects.toThrow('enough')
    expect((await Promise.all(calls)).map(({ n }) => n)).toEqual([2, 3])
    await expect(model.predict(images(1))).rejects.toThrow('a disposed model')
    await model[Symbol.asyncDispose]()
    expect(ran.at(-1)).toBe(1)
    clearInterval(timer)
  })

  it('copies numbers, or takes them over where it may and they are all of their buffer', async () => {
    const [kept, given, large] = [images(1), images(1), images(3)]
    const part = large.subarray(size, 2 * size)
    await there.predict(kept)
    await there.predict(given, { transfer: true })
    expect((await there.predict(part, { transfer: true })).logits).toEqual((await here.predict(part)).logits)
    expect([kept.length, given.length, large.length]).toEqual([size, 0, 3 * size])
    const tensor = { shape: [1, 32, 32, 3], data: async () => kept }
    expect((await there.predict(tensor)).logits).toEqual((await here.predict(kept)).logits)
    expect(kept.length).toBe(size)
  })

  it('refuses what it refuses here', async () => {
    await expect(there.predict(new Float32Array(7))).rejects.toThrow(EspalierError)
    await expect(there.predict('x.jpg' as never)).rejects.toThrow('Try: classify([await readFile(path)])')
    await expect(there.predict(new Float32Array(size).fill(Number.NaN))).rejects.toThrow('predict, image 0: saw NaN')
    await expect(there.classify([new Uint8Array(9)])).rejects.toThrow('image 0')
  })

  it('gives a prediction up, and says when one is run', async () => {
    const control = new AbortController()
    const given = there.predict(images(1), { signal: control.signal })
    control.abort(new Error('enough'))
    await expect(given).rejects.toThrow('enough')
    let started = 0
    await there.predict(images(1), { onStart: () => started++ })
    expect(started).toBe(1)
  })

  it('is not opened where that is given up', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(createModel(compiled, { backend: 'wasm', worker: true, signal })).rejects.toThrow('enough')
  })
})
