import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { describeDrift, describeStages, stageKeys } from '../../../src/cli/stage-shares.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('run-stages')
})

const run = ['run', '--network', 'zoo:cifar-resnet-8', '--backend', 'wasm', '--batch', '5'] as const
const data = ['--data', 'generated:orientation?range=0:12'] as const

interface Stage {
  readonly plan: string
  readonly share: number
  readonly drifted?: boolean
}

const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

describe('espalier run on an adaptive plan', () => {
  it('says how far images went and what that takes, in JSON, in text, and image by image', async () => {
    const predictions = join(folder, 'p.jsonl')
    const plan = 'vanilla/0.02/vanilla-tta-geo'
    const { code, stdout, stderr } = await espalier([
      ...[...run, ...data, '--plan', plan, '--predictions', predictions, '--json', '--no-time'],
    ])
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout)
    const lines = await linesOf(predictions)
    const deeper = lines.filter(({ stage }) => stage === 2).length
    expect(lines).toHaveLength(12)
    expect(deeper).toBeGreaterThan(0)
    expect(deeper).toBeLessThan(12)
    for (const { stage, certainty, margin, entropy } of lines) {
      if (stage === 1) expect(certainty).toBeGreaterThanOrEqual(0.02)
      expect(certainty).toBeCloseTo(margin, 5)
      expect(entropy).toBeGreaterThan(0)
    }
    expect(result.stages).toEqual([
      { plan: 'vanilla', share: 1, multiply_adds_relative: 1 },
      { plan: 'vanilla-tta-geo', share: deeper / 12, multiply_adds_relative: 1 },
    ])
    expect(result.multiply_adds_relative).toBeCloseTo(1 + deeper / 12, 10)
    expect(result.multiply_adds_relative_worst).toBe(2)
    expect(result).not.toHaveProperty('relative_time')
  })

  it('times it beside the plain network, of a compiled folder too', async () => {
    const compiled = join(folder, 'compiled')
    const plan = ['--plan', 'vanilla/0.02/vanilla-tta-geo', '--out', compiled]
    const made = await espalier(['compile', '--network', 'zoo:cifar-resnet-8?classes=10', ...plan, '--quiet'])
    expect(made.code, made.stderr).toBe(0)
    const preprocess = join(folder, 'preprocess.json')
    await writeFile(preprocess, '{"size": [32, 32], "scale": 0.00392157}')
    const flags = ['--network', compiled, '--backend', 'wasm', '--preprocess', preprocess, '--limit', '2', '--json']
    const { code, stdout, stderr } = await espalier(['run', ...data, ...flags])
    expect(code, stderr).toBe(0)
    const { relative_time, relative_time_range, relative_time_images, stages } = JSON.parse(stdout)
    const [least, most] = relative_time_range
    expect(relative_time).toBeGreaterThanOrEqual(least)
    expect(relative_time).toBeLessThanOrEqual(most)
    expect(relative_time_images).toBe(2)
    expect(stages.map(({ plan }: Stage) => plan)).toEqual(['vanilla', 'vanilla-tta-geo'])
  })

  it('says where other parts of the images go on than a plan file remembers, and a folder compiled under it', async () => {
    const file = join(folder, 'plan.json')
    const plan = { stages: ['vanilla', 'vanilla-tta-geo'], thresholds: [1] }
    const seen = async (shares: readonly number[]) => {
      await writeFile(file, JSON.stringify({ ...plan, shares }))
      return espalier([...run, ...data, '--limit', '6', '--plan', file, '--json', '--no-time'])
    }
    const other = await seen([1, 0.1])
    expect(other.stderr).toContain(
      '100.0 % of these images reach stage 2, vanilla-tta-geo; of those that its thresholds were chosen on 10.0 % did',
    )
    expect(JSON.parse(other.stdout).stages.map(({ drifted }: Stage) => drifted)).toEqual([false, true])
    const compiled = join(folder, 'remembers')
    const made = ['compile', '--network', 'zoo:cifar-resnet-8?classes=10', '--plan', file, '--out', compiled, '--quiet']
    expect((await espalier(made)).code).toBe(0)
    const preprocess = join(folder, 'plain.json')
    await writeFile(preprocess, '{"size": [32, 32]}')
    const flags = ['--backend', 'wasm', '--preprocess', preprocess, '--limit', '6', '--json', '--no-time']
    const ofFolder = await espalier(['run', '--network', compiled, ...data, ...flags])
    expect(JSON.parse(ofFolder.stdout).stages.map(({ drifted }: Stage) => drifted)).toEqual([false, true])
    const same = await seen([1, 0.9])
    expect(same.stderr).not.toContain('these images reach')
    const wrong = await seen([0.6, 0.4])
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('shares 0.6, 0.4')])
  })
})

describe('shares of stages', () => {
  const stages = ['vanilla', 'flip-1-max', 'vanilla-tta-geo'].map((plan, k) => ({
    plan,
    multiplyAdds: { total: 100 * (k + 1), relative: k + 1 },
  }))
  const reached = (images: number, ...counts: readonly number[]) => ({
    images,
    stages: stages.map(({ plan }, k) => ({ plan, images: counts[k] })),
  })

  it('weigh what each takes', () => {
    const keys = stageKeys(stages, reached(100, 100, 40, 10))
    expect(keys.stages.map(({ share }) => share)).toEqual([1, 0.4, 0.1])
    expect([keys.multiply_adds, keys.multiply_adds_relative, keys.multiply_adds_relative_worst]).toEqual([210, 2.1, 6])
    expect(describeStages(keys)).toEqual([
      '  stage 1  vanilla          100.0 % of the images, 1.000×',
      '  stage 2  flip-1-max        40.0 % of the images, 2.000×',
      '  stage 3  vanilla-tta-geo   10.0 % of the images, 3.000×',
    ])
  })

  it('are other ones than remembered beyond three standard deviations', () => {
    const drift = (images: number, second: number, shares: readonly number[]) =>
      describeDrift(
        stageKeys(
          stages.map((stage, k) => ({ ...stage, share: shares[k] })),
          reached(images, images, second, 0),
        ),
      ).length
    expect([drift(100, 54, [1, 0.4, 0]), drift(100, 55, [1, 0.4, 0])]).toEqual([0, 1])
    expect([drift(10_000, 4140, [1, 0.4, 0]), drift(10_000, 4150, [1, 0.4, 0])]).toEqual([0, 1])
    expect(drift(0, 0, [1, 0.4, 0])).toBe(0)
    // Where none was seen before, one in a hundred may be chance, and a tenth is not.
    expect([drift(100, 1, [1, 0, 0]), drift(100, 10, [1, 0, 0])]).toEqual([0, 1])
  })
})
