import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId } from '../../../ir/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { openData } from '../../../src/data/index.ts'
import { type TrainOptions, train } from '../../../src/index.ts'
import { withoutLabels } from '../../../src/network/fit-data.ts'
import { type Network, networkOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { readSafetensorsFile } from '../../../src/network/weights/safetensors.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { openBackend } from '../../../src/runtime/backend.ts'
import { type Recipe, recipes } from '../../../src/train/index.ts'
import { fixedPlanOf } from '../../fixed-plan.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const images = withoutLabels(orThrow(await openData('generated:orientation?range=0:12')))

const networkWith = (
  answers: string,
  heads: (b: Builder, map: NodeId, pooled: NodeId) => Readonly<Record<string, NodeId>>,
): Network => {
  const b = builder()
  const conv = (x: NodeId, name: string, i: number, o: number) =>
    b.conv2d(x, b.parameter(name, [3, 3, i, o]), { padding: 1 })
  const stem = b.conv2d(b.input('image', mapType(32, 32, 3)), b.parameter('stem', [5, 5, 3, 6]), {
    padding: 2,
    strides: 2,
  })
  const norm = (['scale', 'offset', 'mean', 'variance'] as const).map(part => b.parameter(`bn.${part}`, [6]))
  const body = b.relu(b.batchNorm(stem, norm as never, 1e-3, 'bn'))
  const up = b.resize(b.relu(conv(body, 'body', 6, 6)), [32, 32])
  const graph = b.finish(heads(b, conv(up, 'map', 6, 3), b.globalPool(b.relu(conv(body, 'deep', 6, 6)))))
  return orThrow(networkOf('n', graph, initialize(graph, 1), { answers: orThrow(parseAnswers(answers)) }))
}

const networks: Readonly<Record<string, Network>> = {
  'a segmenter': networkWith('y=map-classes', (b, map) => ({ y: b.softmax(map) })),
  'a tagger': networkWith('y=labels', (b, _, v) => ({ y: b.unary('sigmoid', b.dense(v, b.parameter('v', [6, 4]))) })),
  'an upscaler': networkWith('y=map-values', (_, map) => ({ y: map })),
  'a detector of points, with an embedding': networkWith('h=heatmaps[0-1],e=embedding', (b, map, v) => ({
    h: map,
    e: b.dense(v, b.parameter('v', [6, 4])),
  })),
}
const names = Object.keys(networks)

const recipe: Recipe = {
  ...recipes.distill,
  ...{ epochs: 1, batch: 6, validation: 0, augment: [] },
  teacher: { network: 'same', plan: 'vanilla-tta-mean', temperature: 2, weight: 1 },
}

const follow = (network: Network, options: TrainOptions = {}, plan = 'flip-1-mean', own: Partial<Recipe> = {}) =>
  train({
    ...{ network, plan: fixedPlanOf(plan), recipe: { ...recipe, ...own }, data: images },
    ...{ backend: 'wasm', ...options },
  })

const native = E.isRight(await openBackend('node-gpu'))

describe('networks that are no classifiers', () => {
  it.each(names)('%s comes nearer to its teacher, step by step as the evaluator has it', async name => {
    const { losses } = await follow(networks[name], {}, 'flip-1-mean', { epochs: 3 })
    expect(losses[0]).toBeGreaterThan(0)
    expect(losses[5]).toBeLessThan(losses[1])
    const { losses: evaluated } = await follow(networks[name], { backend: 'reference', maxSteps: 2 })
    for (const [k, loss] of evaluated.entries()) expect(losses[k] / loss).toBeCloseTo(1, 4)
  })

  it.skipIf(!native).each(names)(
    '%s is trained natively, op by op and as one graph, by the same losses',
    async name => {
      const { losses: evaluated } = await follow(networks[name], { backend: 'reference', maxSteps: 2 })
      for (const executor of ['eager', 'graph'] as const) {
        const { losses } = await follow(networks[name], { backend: 'node-gpu', executor, maxSteps: 2 })
        for (const [k, loss] of evaluated.entries()) expect(losses[k] / loss, executor).toBeCloseTo(1, 4)
      }
    },
  )

  it('tells of no errors, in events, the log and the weights, and is resumed', async () => {
    const out = await temporaryFolder('answers')
    const errors: unknown[] = []
    const network = networks['a segmenter']
    const onProgress: Parameters<typeof train>[0]['onProgress'] = event => {
      if ('errorPercent' in event) errors.push(event.errorPercent)
    }
    const data = images
    const plan = fixedPlanOf('flip-1-mean')
    const begun = await train({ network, plan, recipe, data, backend: 'wasm', out, maxSteps: 1, onProgress })
    const ended = await train({ network, plan, recipe, data, backend: 'wasm', out, resume: true, onProgress })
    expect(errors).toEqual([null, null, null])
    expect(ended).toMatchObject({ steps: 2, epochs: 1, errorPercent: null, validation: null })
    expect([...begun.losses, ...ended.losses]).toEqual((await follow(network)).losses)
    expect(await readFile(join(out, 'log.jsonl'), 'utf8')).toContain('"error_percent":null')
    const { metadata } = await orThrowAsync(readSafetensorsFile(join(out, 'last.safetensors')))
    expect(metadata.get('loss')).toBe(`${ended.loss}`)
    expect(metadata.has('training_error_percent')).toBe(false)
  })

  it('trains under none by the loss of each variant, which is no less than that of their mean', async () => {
    const own = { teacher: { network: 'same', plan: 'vanilla-tta-mean', temperature: 1, weight: 1 } }
    const [[each], [reduced]] = await Promise.all(
      ['flip-1-none', 'flip-1-mean'].map(async plan => (await follow(networks['a segmenter'], {}, plan, own)).losses),
    )
    expect(each).toBeGreaterThan(reduced)
  })

  it.each<readonly [why: string, run: () => Promise<unknown>, RegExp]>([
    [
      'labels',
      () => follow(networks['a tagger'], {}, 'vanilla', { teacher: undefined }),
      /images that answers are not held against; expected masks:(.|\n)*--recipe distill/,
    ],
    ['held-out images', () => follow(networks['a tagger'], {}, 'vanilla', { validation: 2 }), /labels to validate by/],
    [
      'reductions that values do not have',
      () => follow(networks['an upscaler'], {}, 'flip-1-geo'),
      /geo of map-values/,
    ],
    [
      'a teacher of other answers',
      () => follow(networks['a tagger'], {}, 'vanilla', { teacher: { ...teacherOf('zoo:preact-resnet-8?classes=4') } }),
      /saw 4 classes of images of 32 × 32 × 3; expected labels of 4 of images of 32 × 32 × 3/,
    ],
  ])('refuse %s', async (_, run, why) => {
    await expect(run()).rejects.toThrow(why)
  })
})

const teacherOf = (network: string) => ({ network, plan: 'vanilla', temperature: 1, weight: 1 })
