import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier, spawned } from './espalier.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('sweep')
})

const tiny = {
  network: 'zoo:preact-resnet-8',
  train: 'generated:orientation?range=0:16',
  evaluate: 'generated:orientation?range=0:10',
  recipe: { epochs: 3, batch: 8, augment: [] },
  plans: ['vanilla', 'flip-1'],
  inference_reductions: ['max'],
  backend: 'wasm',
  batch: 1,
}

const written = async (name: string, config: object): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, JSON.stringify(config))
  return path
}

/** Lines of a file below a folder. */
const linesOf = async (root: string, name: string): Promise<number> => {
  const files = await readdir(root, { recursive: true }).catch(() => [])
  const file = files.find(each => each.endsWith(name))
  const text = file === undefined ? '' : await readFile(join(root, file), 'utf8').catch(() => '')
  return text.split('\n').length - 1
}

/** Resolves once a file below a folder has so many lines. */
const logged = async (root: string, name: string, lines: number): Promise<void> => {
  while ((await linesOf(root, name)) < lines) await wait(20)
}

describe.concurrent('espalier sweep', () => {
  it('lists, does and does no more what a file says; writes its result, a page and charts', async () => {
    const config = await written('whole.json', tiny)
    const [out, html, svg] = ['whole', 'whole.html', 'whole.svg'].map(name => join(folder, name))
    const before = await espalier(['sweep', config, '--out', out, '--list'])
    expect([before.code, before.stderr]).toEqual([0, ''])
    expect(before.stdout.match(/pending/g)).toHaveLength(2)
    const { code, stdout, stderr } = await espalier([
      ...['sweep', config, '--out', out, '--html', html, '--svg', svg, '--json'],
    ])
    expect(code).toBe(0)
    expect(stderr).toContain('[1/2] vanilla, seed 0: epoch 3')
    expect(stderr).toContain('[2/2] flip-1-max, seed 0: done')
    const result = JSON.parse(stdout)
    expect(result.command).toContain('espalier sweep')
    expect(result.versions.espalier).toMatch(/^\d/)
    expect(result.seeds).toEqual([0])
    expect(result.runs).toHaveLength(5)
    for (const run of result.runs) {
      expect(run).toMatchObject({
        plan: expect.any(String),
        train_reduction: expect.any(String),
        seed: 0,
        status: 'done',
      })
      expect(run.inference_reduction).toMatch(/^(max|vanilla)$/)
      expect(run.error_percent).toBeGreaterThanOrEqual(0)
      expect(run.relative_time).toBeGreaterThan(0)
    }
    expect(result.claims.map(({ verdict }: { verdict: string }) => verdict)).toEqual(Array(3).fill('untested here'))
    expect(JSON.parse(await readFile(join(out, 'result.json'), 'utf8'))).toEqual(result)
    expect(await readFile(html, 'utf8')).toContain('flip-1')
    expect((await readdir(folder)).filter(name => name.startsWith('whole-') && name.endsWith('.svg')).length).toBe(2)
    const again = await espalier(['sweep', config, '--out', out])
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toContain('2 of 2 trainings done')
    expect(again.stdout).toMatch(/flip-1 +\d\.\d\d× +max/)
  })

  it('saves where it is interrupted, says so, and goes on', async () => {
    const config = await written('long.json', {
      ...tiny,
      recipe: { ...tiny.recipe, epochs: 100_000 },
      plans: ['vanilla'],
    })
    const out = join(folder, 'long')
    const interrupt = async (pid: number): Promise<void> => {
      await logged(out, 'log.jsonl', 12)
      const second = await espalier(['sweep', config, '--out', out])
      expect([second.code, second.stdout]).toEqual([2, ''])
      expect(second.stderr).toContain(`${out}: saw another process, ${pid}, at work there since`)
    }
    const { code, stderr, stdout } = await spawned(['sweep', config, '--out', out, '--json'], { interrupt })
    expect(code).toBe(1)
    expect(stderr).toContain('goes on')
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, runs: [{ status: 'training', error_percent: null }] })
    expect((await readdir(out)).sort()).toEqual(['result.json', 'runs'])
    const listed = await espalier(['sweep', config, '--out', out, '--list'])
    expect(listed.stdout).toMatch(/training epoch \d+/)
    const logLines = await linesOf(out, 'log.jsonl')
    const second = (): Promise<void> => logged(out, 'log.jsonl', logLines + 12)
    const more = await spawned(['sweep', config, '--out', out], { interrupt: second })
    expect(more.stderr).toContain('goes on after step')
  })

  it('reports what failed, and exits with 1', async () => {
    const rate = { kind: 'constant', initial: 1e30 }
    const config = await written('failing.json', { ...tiny, recipe: { ...tiny.recipe, learning_rate: rate } })
    const { code, stderr, stdout } = await espalier(['sweep', config, '--out', join(folder, 'failing')])
    expect(code).toBe(1)
    expect(stderr).toContain('[1/2] vanilla, seed 0: failed: step')
    expect(stderr).toContain('2 of 2 trainings failed')
    expect(stdout).toContain('failed: step')
  })

  it.each([
    [{ ...tiny, plan: ['flip-1'] }, 'plans'],
    [{ ...tiny, plans: ['flip-9'] }, 'flip-3'],
    [{ ...tiny, recipe: 'fine-tun' }, 'fine-tune'],
    [{ ...tiny, network: 'zoo:preact-resnet-9' }, 'preact-resnet-8'],
  ])('refuses %j', async (config, words) => {
    const { code, stderr, stdout } = await espalier(['sweep', await written(`refused-${words}.json`, config)])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(words)
  })
})

describe('espalier impact --training', () => {
  it('trains with a branch at a map, by each of the transforms', async () => {
    const { train, recipe } = tiny
    const training = await written('training.json', { train, recipe, maps: [3], max_steps: 2 })
    const out = join(folder, 'impact')
    const { code, stdout } = await espalier([
      ...['impact', '--network', tiny.network, '--data', tiny.evaluate, '--transforms', 'flip'],
      ...['--training', training, '--out', out, '--backend', 'wasm', '--batch', '1', '--json'],
    ])
    expect(code).toBe(0)
    const { positions, vanilla, runs } = JSON.parse(stdout)
    expect(vanilla.errors).toHaveLength(1)
    expect(positions).toHaveLength(1)
    expect(positions[0]).toMatchObject({ map: 3, shape: [16, 16, 32] })
    expect(Object.keys(positions[0].results.flip)).toEqual(['none,geo', 'max,max'])
    expect(new Set(runs.map(({ trained }: { trained: string }) => trained))).toEqual(
      new Set(['vanilla', 'flip@3:none', 'flip@3:max']),
    )
    expect(await readdir(join(out, 'runs'))).toHaveLength(3)
  })
})
