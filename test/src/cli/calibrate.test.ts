import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { multiplyAdds, workKinds } from '../../../passes/index.ts'
import { Calibration } from '../../../src/compile/calibrate/calibration.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

/** Small ops of small batches, of every kind: the others take most of the time. */
vi.mock(import('../../../src/compile/calibrate/cases.ts'), async original => {
  const { cases, ...others } = await original()
  return { ...others, cases: cases.filter(({ batch, graph }) => batch === 1 && multiplyAdds(graph) < 2e7) }
})

afterEach(() => vi.unstubAllEnvs())

/** Milliseconds that a network is predicted to take, by the costs in the cache. */
const predicted = async (): Promise<number> => {
  const network = ['--network', 'zoo:cifar-resnet-8', '--backend', 'wasm', '--batch', '1', '--json']
  const { stdout } = await espalier(['compile', ...network])
  return JSON.parse(stdout).predicted_milliseconds
}

describe('espalier calibrate', () => {
  it('keeps what it measured where auto finds it', async () => {
    const cache = await temporaryFolder('cache')
    vi.stubEnv('ESPALIER_CACHE', cache)
    const shipped = await predicted()
    const { code, stdout } = await espalier(['calibrate', '--backend', 'wasm', '--rounds', '1', '--json'])
    expect(code).toBe(0)
    const [{ backend, path, kinds, cases, ...calibration }, ...others] = JSON.parse(stdout).backends
    expect([backend, others]).toEqual(['wasm', []])
    expect(path.startsWith(cache)).toBe(true)
    expect(await readdir(join(path, '..'))).toEqual(['wasm.json'])
    const written = Calibration.decode(JSON.parse(await readFile(path, 'utf8')))
    expect(written).toEqual(E.right(calibration))
    expect(kinds.map(({ kind }: { kind: string }) => kind)).toEqual(workKinds)
    expect(cases).toHaveLength(calibration.samples)
    for (const { microseconds } of cases) expect(microseconds).toBeGreaterThan(0)
    expect(await predicted()).not.toBe(shipped)
  })

  it('refuses a backend that there is not, and no rounds', async () => {
    const refused = [
      [['--backend', 'tpu'], 'wasm'],
      [['--rounds', '0'], '--rounds'],
    ] as const
    for (const [args, said] of refused) {
      const { code, stdout, stderr } = await espalier(['calibrate', ...args])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toContain(said)
    }
  })
})
