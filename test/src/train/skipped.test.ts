import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { createNetwork, parsePlan, type TrainOptions, train } from '../../../src/index.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { type Recipe, recipes, type TrainingEvent } from '../../../src/train/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const network = (() => {
  const b = builder()
  const pooled = b.globalPool(b.input('image', mapType(4, 4, 3)))
  const graph = b.finish({ logits: b.dense(pooled, b.parameter('fc.weight', [3, 2])) })
  return createNetwork('mean', graph, initialize(graph, 1))
})()

const recipe: Recipe = { ...recipes.default, epochs: 2, batch: 1, validation: 0, augment: [] }

const follow = async (folder: string, options: TrainOptions, over: Partial<Recipe> = {}) => {
  const given = { backend: 'wasm', preprocess: { size: [4, 4] }, workers: 0, ...options } as const
  const events: TrainingEvent[] = []
  const trained = await train({
    ...{ network, plan: parsePlan('vanilla'), recipe: { ...recipe, ...over }, data: `images:${folder}` },
    ...given,
    onProgress: event => events.push(event),
  })
  return { events, trained }
}

let root: string
beforeAll(async () => {
  root = await temporaryFolder('skipped')
  const image = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#336699' } })
    .png()
    .toBuffer()
  for (const name of ['a', 'b']) {
    await mkdir(join(root, 'some', name), { recursive: true })
    await mkdir(join(root, 'none', name), { recursive: true })
    for (const k of [0, 1, 2]) await writeFile(join(root, 'some', name, `${k}.png`), image)
    await writeFile(join(root, 'none', name, '0.png'), 'no image')
  }
  await writeFile(join(root, 'some', 'a', '1.png'), image.subarray(0, 50))
  await writeFile(join(root, 'some', 'b', '3.jpg'), '')
})

describe('a training with images that cannot be decoded', () => {
  it.each([1, 3])('goes on without them, and tells of each once: batches of %i', async batch => {
    const out = join(root, `out-${batch}`)
    const { events, trained } = await follow(join(root, 'some'), { out, workers: batch === 3 ? 1 : 0 }, { batch })
    const bad = ['a/1.png', 'b/3.jpg'].map(name => join(root, 'some', name))
    const told = events.flatMap(event => (event.event === 'skipped' ? [event.image] : []))
    expect([...told].sort()).toEqual(bad)
    expect(trained.skipped.map(({ image }) => image)).toEqual(told)
    expect(await readFile(join(out, 'log.jsonl'), 'utf8')).toContain(JSON.stringify(bad[0]))
    const perEpoch = Math.ceil(7 / batch)
    expect([trained.steps, trained.epochs]).toEqual([2 * perEpoch, 2])
    if (batch === 1) expect(events.filter(({ event }) => event === 'step')).toHaveLength(2 * 5)
    expect(trained.loss).toBeGreaterThan(0)
  })

  it('tells of those that are held out, too', async () => {
    const { events } = await follow(join(root, 'some'), {}, { batch: 4, validation: 5, epochs: 1 })
    expect(events.filter(({ event }) => event === 'skipped')).toHaveLength(2)
    const [epoch] = events.filter(event => event.event === 'epoch')
    expect(epoch.validation?.images).toBeLessThanOrEqual(5)
  })

  it('ends where there is no other', async () => {
    await expect(follow(join(root, 'none'), {})).rejects.toThrow('no image that can be decoded')
  })
})
