import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier, spawned } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('impact')
})

const common = ['impact', '--network', 'zoo:cifar-resnet-8', '--data', 'generated:orientation', '--backend', 'wasm']

describe.concurrent('espalier impact', () => {
  it('prints one JSON object with every promised key, and writes it, its page and its charts', async () => {
    const [out, html, svg] = ['r.json', 'page.html', 'chart.svg'].map(name => join(folder, 'new', name))
    const { code, stdout, stderr } = await espalier([
      ...common,
      ...['--transforms', 'flip,scale', '--limit', '12', '--batch', '4', '--json', '--out', out, '--html', html],
      ...['--svg', svg],
    ])
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout)
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(result)
    expect(result).toMatchObject({
      network: 'cifar-resnet-8',
      initialized_from_seed: 0,
      data: 'orientation test',
      images: 12,
      transforms: ['flip', 'scale(1.1)', 'scale(0.9)'],
      backend: 'wasm',
      executor: 'eager',
      precision: 'float32',
      batch: 4,
      seeds: [0],
      command: expect.stringContaining('espalier impact --network zoo:cifar-resnet-8'),
      versions: { espalier: expect.any(String), runtime: expect.stringContaining('WebAssembly') },
    })
    expect(result.positions).toHaveLength(5)
    for (const { map, name, shape, results } of result.positions) {
      expect([typeof map, typeof name, shape.length]).toEqual(['number', 'string', 3])
      for (const transform of result.transforms)
        expect(Object.keys(results[transform].branch).sort(), transform).toEqual(['geo', 'max', 'sum'])
      expect(results.flip.only).toBeGreaterThanOrEqual(0)
    }
    expect(result.seconds).toBeGreaterThan(0)
    expect(result.multiply_adds_relative_per_position).toBeLessThan(0.7)
    expect(stderr).toContain('initialized from seed 0, not trained')
    expect(await readFile(html, 'utf8')).toContain('Inside-impact of cifar-resnet-8')
    expect(await readdir(join(folder, 'new'))).toEqual(
      expect.arrayContaining(['chart-only.svg', 'chart-branch-geo.svg']),
    )
  })

  it('prints tables for people', async () => {
    const { code, stdout, stderr } = await espalier([...common, '--transforms', 'rotate', '--limit', '3', '--quiet'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^map +name +shape +rotate\(\+15\) +rotate\(-15\)$/m)
    expect(stdout).toContain('Error % with a branch there, reduced by geo:')
  })

  it('keeps in --cache what Ctrl-C interrupts, and goes on from there', async () => {
    const cache = join(folder, 'cache')
    const files = async (): Promise<readonly string[]> =>
      readdir(cache)
        .then(([evaluation]) => readdir(join(cache, evaluation)))
        .catch(() => [])
    const flags = ['--transforms', 'flip', '--batch', '1', '--cache', cache, '--json']
    /** The folder is made when the data is read; the first batches follow. */
    const interrupt = async (later: number): Promise<void> => {
      while ((await readdir(cache).catch(() => [])).length === 0) await wait(20)
      await wait(later)
    }
    // Before the first batch is done nothing is kept: then once more, and twice as late; all 10,000 images take far longer.
    for (let later = 50; (await files()).length === 0; later *= 2) {
      // One that stands there from before would have the next interrupted before it hears of it.
      await rm(cache, { recursive: true, force: true })
      const { code, stdout, stderr } = await spawned([...common, ...flags], { interrupt: () => interrupt(later) })
      expect([code, stderr]).toEqual([1, expect.stringContaining('Interrupted')])
      expect(stdout === '' ? 0 : JSON.parse(stdout).images).toBeLessThan(10_000)
    }
    expect(await files()).toHaveLength(6)
    const again = await espalier([...common, ...flags, '--limit', '300'])
    expect([again.code, JSON.parse(again.stdout).images]).toEqual([0, 300])
  })

  it.each([
    [['--transforms', 'flop'], 'flip'],
    [['--executor', 'graph'], 'node-gpu'],
    [['--weights', 'none.safetensors'], 'none.safetensors'],
    [['--plan', 'flip-3-max'], '--plan'],
  ])('refuses %j', async (flags, named) => {
    const { code, stdout, stderr } = await espalier([...common, '--limit', '2', ...flags])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(named)
  })
})
