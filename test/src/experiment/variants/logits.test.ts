import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placePlan, scoreReduction, type Variant, variantKey, variantsOfPlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { batches, type DataSet, openGenerated, type Preprocess } from '../../../../src/data/index.ts'
import { openModel } from '../../../../src/execute/model.ts'
import { defaultBatch, type VariantsOptions, variantLogits } from '../../../../src/experiment/variants/logits.ts'
import { reduceLogits } from '../../../../src/experiment/variants/reduction.ts'
import { initialized, zoo } from '../../../../src/network/zoo/index.ts'
import type { Images } from '../../../../src/open/images.ts'
import type { BackendName } from '../../../../src/runtime/backend-names.ts'
import { bestInstalled } from '../../../../src/runtime/native/installed.ts'
import { fixedPlanOf } from '../../../fixed-plan.ts'

const hasNative = (await bestInstalled()) !== undefined
/** Takes small images: what is computed twice is the same whatever their size. */
const smallNetwork = (seed: number) => initialized(orThrow(zoo('preact-resnet-8?classes=10', { size: [16, 16] })), seed)
const network = smallNetwork(0)
const data = openGenerated('orientation', 'test', 0)
const preprocess: Preprocess = { ...(data.preprocess as Preprocess), size: [16, 16], resize: 'exact' }
const images = { data, preprocess }
const flipAt = (map: number): Variant => [{ map, transform: { kind: 'd4', element: 'flip' } }]

const plans = [
  'vanilla',
  'flip-2-max',
  'd4@1:sum',
  'flip@0,shift4@2:geo',
  '{id,rotate(15)}@1,{id,scale(1.1),scale(0.9)}@3:sum',
  '{id,shift(1,0)}@1,{flipv}@2:max',
]

const runs: readonly (readonly [BackendName, number])[] = [
  ['cpu', 1],
  ['wasm', 6],
  ...(hasNative ? [['node-gpu', 40] as const] : []),
]

describe.each(runs)('on %s, of %i images', (backend, limit) => {
  it('logits that are cached and reduced are those of the plan run outright', async () => {
    const placed = plans.map(text => orThrow(placePlan(fixedPlanOf(text), network.graph, () => 0)))
    const batch = 16
    const found = await variantLogits(network, placed.flatMap(variantsOfPlan), images, { backend, limit, batch })
    expect([found.images, found.classes, found.labels?.length]).toEqual([limit, 10, limit])
    for (const [k, text] of plans.entries()) {
      const compiled = orThrow(compileNetwork(network, fixedPlanOf(text)))
      const variants = variantsOfPlan(placed[k]).map(v => found.logits.get(variantKey(v)) as Float32Array)
      const reduced = reduceLogits(variants, { classes: 10, reduction: scoreReduction(placed[k]) ?? 'geo' })
      const runner = await openModel(compiled, { backend, executor: 'eager' })
      try {
        for await (const { first, n, images } of batches(data, { batch, preprocess, limit })) {
          const { logits } = await runner.predict(images)
          reduced.subarray(first * 10, (first + n) * 10).forEach((value, i) => {
            expect(Math.abs(value - logits[i]), text).toBeLessThan(1e-4)
          })
        }
      } finally {
        runner.dispose()
      }
    }
  })
})

describe('kept logits', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'espalier-logits-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })
  const options = (cache: string) => ({
    backend: 'wasm' as const,
    limit: 9,
    batch: 4,
    cache: join(folder, cache),
  })
  const files = async (cache: string): Promise<readonly string[]> => {
    const evaluations = await readdir(join(folder, cache))
    return (await Promise.all(evaluations.map(name => readdir(join(folder, cache, name))))).flat().sort()
  }

  it('are not computed again, and another variant alone is', async () => {
    const first = await variantLogits(network, [[], flipAt(1)], images, options('again'))
    expect([first.variants, first.computed]).toEqual([2, 2])
    const second = await variantLogits(network, [[], flipAt(1), flipAt(2)], images, options('again'))
    expect([second.variants, second.computed]).toEqual([3, 1])
    expect(second.logits.get('flip@1')).toEqual(first.logits.get('flip@1'))
    expect(second.labels).toEqual(first.labels)
    const third = await variantLogits(network, [flipAt(2)], images, options('again'))
    expect([third.computed, third.multiplyAdds.total]).toEqual([0, 0])
    expect(third.logits.get('flip@2')).toEqual(second.logits.get('flip@2'))
    expect(await files('again')).toEqual(['flip@1.safetensors', 'flip@2.safetensors', 'id.safetensors'])
  })

  it('are other ones for other images, weights, preprocessing and executors', async () => {
    const cache = 'other'
    const computed = async (of: Partial<Images & { seed: number; options: VariantsOptions & { limit?: number } }>) =>
      (
        await variantLogits(
          smallNetwork(of.seed ?? 0),
          [[]],
          { ...images, ...of },
          {
            ...options(cache),
            limit: 2,
            ...of.options,
          },
        )
      ).computed
    expect(await computed({})).toBe(1)
    expect(await computed({})).toBe(0)
    expect(await computed({ data: openGenerated('orientation', 'test', 1) })).toBe(1)
    expect(await computed({ data: openGenerated('orientation', 'train', 0) })).toBe(1)
    expect(await computed({ seed: 1 })).toBe(1)
    expect(await computed({ options: { limit: 3 } })).toBe(1)
    expect(await computed({ preprocess: { ...preprocess, mean: [0.4] } })).toBe(1)
    expect(await computed({ options: { backend: 'cpu' } })).toBe(1)
    expect(await computed({})).toBe(0)
  })

  it('go on from the batch where they were interrupted', async () => {
    const whole = await variantLogits(network, [[], flipAt(1)], images, { ...options('whole') })
    const interrupt = new AbortController()
    const stopped = await variantLogits(network, [[], flipAt(1)], images, {
      ...options('stopped'),
      signal: interrupt.signal,
      onBatch: ({ done }) => {
        if (done === 4) interrupt.abort()
      },
    })
    expect([stopped.images, stopped.interrupted, stopped.labels?.length]).toEqual([4, true, 4])
    expect(stopped.logits.get('flip@1')).toEqual(whole.logits.get('flip@1')?.subarray(0, 40))
    const batchesDone: number[] = []
    const finished = await variantLogits(network, [[], flipAt(1), flipAt(2)], images, {
      ...options('stopped'),
      onBatch: ({ n, graph, graphs, done, total }) => {
        batchesDone.push(n)
        expect([graphs, total]).toEqual([2, 14])
        expect(done).toBe(batchesDone.reduce((sum, count) => sum + count, 0))
        expect(graph).toBeLessThan(graphs)
      },
    })
    expect(batchesDone).toHaveLength(5)
    expect([finished.images, finished.interrupted]).toEqual([9, false])
    for (const [key, logits] of whole.logits)
      finished.logits.get(key)?.forEach((value, i) => {
        expect(value).toBeCloseTo(logits[i], 5)
      })
  })

  it('are kept where a later batch cannot be read', async () => {
    const broken: DataSet = {
      ...data,
      read: async (from, to) => {
        if (from === 4 && to === 8) throw new Error('a disk that fails')
        return data.read(from, to)
      },
    }
    await expect(variantLogits(network, [[]], { ...images, data: broken }, options('broken'))).rejects.toThrow(
      'a disk that fails',
    )
    const sizes: number[] = []
    await variantLogits(network, [[]], images, { ...options('broken'), onBatch: ({ n }) => void sizes.push(n) })
    expect(sizes).toEqual([4, 1])
  })

  it('are computed again where a file is damaged', async () => {
    await variantLogits(network, [[]], images, options('damaged'))
    const [name] = await readdir(join(folder, 'damaged'))
    await writeFile(join(folder, 'damaged', name, 'id.safetensors'), 'nothing')
    expect((await variantLogits(network, [[]], images, options('damaged'))).computed).toBe(1)
  })
})

describe('what is asked for', () => {
  it('is refused before anything runs where a variant does not fit', async () => {
    await expect(variantLogits(network, [flipAt(20)], images)).rejects.toThrow('feature map 20')
  })

  it('is taken in smaller batches where images are larger', () => {
    const batchOf = (name: string): number => defaultBatch({ ...network, graph: orThrow(zoo(name)).graph })
    expect(['preact-resnet-8', 'resnet-18'].map(batchOf)).toEqual([128, 10])
  })

  it('is split over graphs where there is much of it', async () => {
    const many = Array.from({ length: 70 }, (_, k): Variant => [{ map: 4, transform: { kind: 'rotate', degrees: k } }])
    const graphs = new Set<number>()
    const found = await variantLogits(network, many, images, {
      backend: 'wasm',
      limit: 1,
      onBatch: batch => void graphs.add(batch.graphs),
    })
    expect([...graphs]).toEqual([2])
    expect([found.logits.size, found.computed]).toEqual([70, 70])
    expect(found.multiplyAdds.relative).toBeGreaterThan(2)
  })
})
