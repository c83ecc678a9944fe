import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { contenders } from '../../../src/demo/comparison.ts'
import { type DemoResult, measure } from '../../../src/demo/measure.ts'
import { demoNetworks, weightsFile } from '../../../src/demo/networks.ts'
import { describeDemo } from '../../../src/demo/table.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))

const measured = await measure({
  backend: 'wasm',
  images: 100,
  batch: 50,
  seconds: 60,
  seed: 0,
  note: () => {},
  progress: () => {},
})
const rowsOf = (result: DemoResult, weights: string, plan: string) =>
  result.rows.filter(row => row.weights === weights && row.plan === plan)

describe('the demo', () => {
  it('measures every contender on the same images', () => {
    expect(measured.images).toBe(100)
    expect(measured.rows.map(row => row.plan)).toEqual(contenders.map(({ plan }) => plan))
    for (const row of measured.rows) {
      expect(row.milliseconds.min).toBeGreaterThan(0)
      expect(row.error_interval_percent[0]).toBeLessThanOrEqual(row.error_percent)
      expect(row.error_interval_percent[1]).toBeGreaterThanOrEqual(row.error_percent)
    }
  })

  it('has networks that were trained: chance errs on nine in ten', () => {
    const [plain] = rowsOf(measured, 'plain', 'vanilla')
    const [branched] = rowsOf(measured, 'branched', demoNetworks.branched.plan)
    expect(plain.error_percent).toBeLessThan(25)
    expect(branched.error_percent).toBeLessThan(25)
  })

  it('gives the answers of one forward a view when compiled', () => {
    const [naive, compiled] = rowsOf(measured, 'plain', 'vanilla-tta-geo')
    expect([naive.pipeline, compiled.pipeline]).toEqual(['naive', 'inference'])
    expect(compiled.error_percent).toBe(naive.error_percent)
    expect(naive.multiply_adds_relative).toBe(2)
  })

  it('shares what comes before a branch', () => {
    const [inside] = rowsOf(measured, 'branched', demoNetworks.branched.plan)
    expect(inside.multiply_adds_relative).toBeGreaterThan(1)
    expect(inside.multiply_adds_relative).toBeLessThan(2)
  })

  it('stops with the images done once its time is over', async () => {
    const options = { backend: 'wasm', images: 40, batch: 4, seconds: 0, seed: 0 } as const
    const { images } = await measure({ ...options, note: () => {}, progress: () => {} })
    expect(images).toBe(4)
  })

  it('prints a row for each contender', () => {
    const text = describeDemo(measured)
    const lines = text.split('\n')
    for (const { plan, about } of contenders)
      expect(lines.filter(line => line.includes(plan) && line.endsWith(about))).toHaveLength(1)
    expect(text).toContain('espalier setup')
  })

  it('keeps its weights small', async () => {
    for (const name of ['plain', 'branched'] as const)
      expect((await stat(weightsFile(name))).size).toBeLessThan(400_000)
  })

  it('prints one JSON object on stdout and says on stderr what computes', async () => {
    const { stdout, stderr } = await run(
      process.execPath,
      ['--import', 'tsx', 'src/demo/main.ts', '--json', '--images', '8', '--batch', '4', '--backend', 'wasm'],
      { cwd: root },
    )
    const result: DemoResult = JSON.parse(stdout)
    expect(result).toMatchObject({ backend: 'wasm', images: 8, batch: 4, seed: 0 })
    expect(result.rows).toHaveLength(contenders.length)
    expect(stderr).toMatch(/WebAssembly/)
  })

  it('refuses an unknown backend', async () => {
    const failed = run(process.execPath, ['--import', 'tsx', 'src/demo/main.ts', '--backend', 'wsm'], { cwd: root })
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('wasm') })
  })
})
