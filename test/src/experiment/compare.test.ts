import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType, print } from '../../../ir/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from '../cli/espalier.ts'

/** A small classifier of the data's images, with weights of a seed. */
const tiny = (): string => {
  const b = builder()
  const maps = b.relu(b.conv2d(b.input('image', mapType(32, 32, 3)), b.parameter('w', [4, 4, 3, 4]), { strides: 4 }))
  return print(b.finish({ logits: b.dense(b.globalPool(maps), b.parameter('fc', [4, 10])) }))
}

let network: string
beforeAll(async () => {
  network = join(await temporaryFolder('compare'), 'tiny.txt')
  await writeFile(network, tiny())
})
const run = [
  '--data',
  'generated:orientation?range=0:40',
  '--backend',
  'cpu',
  '--executor',
  'eager',
  '--batch',
  '8',
  '--quiet',
] as const

describe('espalier compare', () => {
  it('finds two plans on the same images, by answers and McNemar’s test', async () => {
    const args = ['compare', network, '--plan', 'vanilla', '--plan', 'flip@0:geo', ...run]
    const { code, stdout } = await espalier([...args, '--json'])
    expect(code).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ a: { plan: 'vanilla' }, b: { network: 'tiny' }, images: 40, skipped: 0 })
    const { won, lost, error_percent, p } = result.labelled
    expect((error_percent[0] - error_percent[1]) / 100).toBeCloseTo((won - lost) / 40, 10)
    expect(p).toBeGreaterThan(0)
    expect(result.disagreements.length).toBeGreaterThanOrEqual(won + lost)
    for (const { answers } of result.disagreements) expect(answers[0].class).not.toBe(answers[1].class)
    expect(result.times.relative.median).toBeGreaterThan(0)
  })

  it('finds nothing between a network and itself, and says so', async () => {
    const { stdout } = await espalier(['compare', network, ...run])
    expect(stdout).toContain('They agree on 40 of 40 images.\n')
    expect(stdout).toContain("B alone is right on 0, A alone on 0: McNemar's p = 1.0.")
  })

  it.each([
    [['--plan', 'a', '--plan', 'b', '--plan', 'c'], 'a third value'],
    [['--executor', 'egaer'], 'eager'],
  ])('refuses %j', async (flags, said) => {
    const { code, stderr } = await espalier(['compare', network, ...run, ...flags])
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)])
  })
})
