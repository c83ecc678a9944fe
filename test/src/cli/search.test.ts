import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodePlan, decodeShares, parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { planFile } from '../../../src/cli/search.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { trainedWithMax } from '../../trained-with-max.ts'
import { espalier } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('search')
})

const trained = ['--network', `zoo:${trainedWithMax.architecture}`, '--weights', trainedWithMax.weights]
const parts = ['--select', 'generated:orientation?range=0:60', '--report', 'generated:orientation?range=60:100']
const small = ['--sets', 'flip', '--reductions', 'geo,max', '--beam', '2', '--offspring', '4', '--batch', '4']

describe('espalier search', () => {
  it('prints the promised keys, and writes the plan as a file that --plan takes', async () => {
    const [out, cache, html] = ['plan.json', 'cache', 'search.html'].map(name => join(folder, name))
    const files = ['--out', out, '--cache', cache, '--html', html]
    const args = [
      'search',
      ...trained,
      ...parts,
      ...small,
      '--budget',
      '4x',
      '--learn-weights',
      '--backend',
      'wasm',
      ...files,
      '--json',
    ]
    const { code, stdout, stderr } = await espalier(args)
    expect([code, stderr]).toEqual([0, expect.stringContaining(`Wrote ${out}.`)])
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      network: 'preact-resnet-14',
      budget: '4x',
      budget_relative: 4,
      select: { images: 60 },
      report: { images: 40 },
      objective: 'likelihood',
      backend: 'wasm',
      executor: 'eager',
      batch: 4,
      seeds: [0],
    })
    expect(result.command).toContain('espalier search')
    expect(result.relative_cost).toBeLessThanOrEqual(4)
    for (const key of ['error_percent', 'vanilla_error_percent', 'tta_error_percent'])
      expect(result.report[key], key).toBeGreaterThanOrEqual(0)
    expect(result.front[0]).toMatchObject({ plan: expect.any(String), error_percent: expect.any(Number) })
    expect(result.front[0].relative_cost).toBeLessThanOrEqual(1)
    for (const key of ['seconds', 'evaluated']) expect(result[key], key).toBeGreaterThan(0)
    expect(await readFile(html, 'utf8')).toContain(result.plan.replaceAll('&', '&amp;'))

    // The same plan, run outright on the images of the report, errs as often.
    const ran = await espalier(['run', ...trained, '--data', parts[3], '--plan', out, '--backend', 'wasm', '--json'])
    expect(JSON.parse(ran.stdout)).toMatchObject({ plan: result.plan, error_percent: result.report.error_percent })
  })

  it('says so where nothing beats vanilla, and what a network that was trained with max loses there', async () => {
    const args = ['search', ...trained, ...parts, ...small, '--budget', '0.5x', '--backend', 'wasm']
    const { code, stdout, stderr } = await espalier(args)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('trained under flip-2-max: without its branches at map'),
    ])
    expect(stdout).toContain('beats vanilla within 0.5x by more than chance on 60 images, which are few to tell.')
  })

  it.each([
    ['the same images', [...trained, ...parts.slice(0, 3), parts[1], '--budget', '2x'], 'images 0 to 59 of both'],
    ['no images to report on', [...trained, ...parts.slice(0, 2), '--budget', '2x'], '--report'],
    ['no budget', [...trained, ...parts], '--budget'],
    ['a budget without a unit', [...trained, ...parts, '--budget', '2'], '2.2x'],
    ['an unknown set', [...trained, ...parts, '--budget', '2x', '--sets', 'flop'], '--sets'],
    ['one stage', [...trained, ...parts, '--budget', '2x', '--stages', 'vanilla'], '2 or 3 stages'],
    [
      'stages without stages',
      [...trained, ...parts, '--budget', '2x', '--no-adaptive', '--stages', 'vanilla,flip@0'],
      '--stages',
    ],
    ['an unknown reduction', [...trained, ...parts, '--budget', '2x', '--reductions', 'mean'], 'geo'],
  ])('refuses %s', async (_, args, said) => {
    const { code, stdout, stderr } = await espalier(['search', ...args])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(said)
  })
})

describe('planFile', () => {
  const found = { plan: 'vanilla/0.4/flip@0:geo', network: 'n', budget: '1.5x', command: 'espalier search' }
  const file = (result: object): unknown => JSON.parse(planFile(result as Parameters<typeof planFile>[0]))

  it('has the stages spelled out, with how many images came to each', () => {
    const stages = ['vanilla', 'flip@0:geo']
    const adaptive = { stages, thresholds: [0.4], measure: 'margin', shares_percent: [100, 25] }
    const written = file({ ...found, adaptive })
    expect(written).toEqual({
      ...{ stages, thresholds: [0.4], measure: 'margin', shares: [1, 0.25] },
      ...{ network: 'n', budget: '1.5x', command: 'espalier search' },
    })
    expect(orThrow(decodePlan(written))).toEqual(orThrow(parsePlan(found.plan)))
    expect(orThrow(decodeShares(written))).toEqual([1, 0.25])
  })

  it('is a name where all images go the same way', () => {
    expect(file({ ...found, plan: 'flip@0:geo' })).toMatchObject({ plan: 'flip@0:geo' })
  })
})
