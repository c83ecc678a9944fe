import { cp, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { createNetwork, parsePlan, train } from '../../../src/index.ts'
import { initialize } from '../../../src/network/zoo/index.ts'
import { type Recipe, recipes } from '../../../src/train/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const network = (() => {
  const b = builder()
  const pooled = b.globalPool(b.input('image', mapType(4, 4, 3)))
  const graph = b.finish({ logits: b.dense(pooled, b.parameter('fc.weight', [3, 3])) })
  return createNetwork('mean', graph, initialize(graph, 1))
})()

const recipe: Recipe = { ...recipes.default, epochs: 4, batch: 2, validation: 0, augment: [] }

const trained = (folder: string, out: string, maxSteps: number, resume: boolean, own: Partial<Recipe> = {}) => {
  const options = { backend: 'wasm', preprocess: { size: [4, 4] }, workers: 0, out, maxSteps, resume } as const
  const plan = parsePlan('vanilla')
  return train({ network, plan, recipe: { ...recipe, ...own }, data: `images:${folder}`, ...options })
}

const steps = async (...how: Parameters<typeof trained>): Promise<number> => (await trained(...how)).steps

let root: string
beforeAll(async () => {
  root = await temporaryFolder('resume')
  for (const [name, r, g, b] of [
    ['a_red', 200, 0, 0],
    ['b_green', 0, 200, 0],
    ['c_blue', 0, 0, 200],
  ] as const) {
    await mkdir(join(root, 'one', 'set', name), { recursive: true })
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: { r, g, b } } }).png()
    for (const k of [0, 1]) await image.clone().toFile(join(root, 'one', 'set', name, `${k}.png`))
  }
})

describe('a training that is resumed', () => {
  it('goes on with the same folder wherever it lies, and not with one of other labels', async () => {
    const out = join(root, 'out')
    expect(await steps(join(root, 'one', 'set'), out, 1, false)).toBe(1)
    await cp(join(root, 'one'), join(root, 'two'), { recursive: true })
    await rename(join(root, 'two', 'set', 'a_red'), join(root, 'two', 'set', 'z_red'))
    await expect(steps(join(root, 'two', 'set'), out, 2, true)).rejects.toThrow(
      /data: saw "6 images of 3 classes \(a_red, b_green, c_blue\).*expected "6 images of 3 classes \(b_green, c_blue, z_red\).*began with/s,
    )
    await rename(join(root, 'two', 'set', 'z_red'), join(root, 'two', 'set', 'a_red'))
    await rename(join(root, 'two', 'set', 'a_red', '0.png'), join(root, 'two', 'set', 'b_green', '2.png'))
    await expect(steps(join(root, 'two', 'set'), out, 2, true)).rejects.toThrow('names and labels')
    await rename(join(root, 'one', 'set'), join(root, 'elsewhere'))
    expect(await steps(join(root, 'elsewhere'), out, 2, true)).toBe(2)
  })

  it('by AdamW takes the steps of one that was not, averages and their corrections too', async () => {
    const adamw: Partial<Recipe> = { optimizer: { kind: 'adamw' }, learning_rate: { kind: 'constant', initial: 0.01 } }
    const folder = join(root, 'elsewhere')
    const whole = await trained(folder, join(root, 'whole'), 6, false, adamw)
    const first = await trained(folder, join(root, 'parts'), 2, false, adamw)
    const second = await trained(folder, join(root, 'parts'), 6, true, adamw)
    expect([...first.losses, ...second.losses]).toEqual(whole.losses)
    expect(second.network.parameters).toEqual(whole.network.parameters)
    expect(whole.losses[5]).toBeLessThan(whole.losses[0])
  })
})
