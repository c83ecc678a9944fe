import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { workKinds } from '../../../passes/index.ts'
import { Calibration } from '../../../src/compile/calibrate/calibration.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier, spawned } from './espalier.ts'

let cache: string
beforeAll(async () => {
  cache = await temporaryFolder('cache')
})

/** Milliseconds that a network is predicted to take, by the costs in a cache. */
const predicted = async (folder: string): Promise<number> => {
  const network = ['--network', 'zoo:cifar-resnet-8', '--backend', 'wasm', '--batch', '1', '--json']
  const { stdout } = await spawned(['compile', ...network], { env: { ESPALIER_CACHE: folder } })
  return JSON.parse(stdout).predicted_milliseconds
}

describe('espalier calibrate', () => {
  it('keeps what it measured where auto finds it', { timeout: 300_000 }, async () => {
    const shipped = await predicted(cache)
    const { code, stdout } = await spawned(['calibrate', '--backend', 'wasm', '--rounds', '1', '--json'], {
      env: { ESPALIER_CACHE: cache },
    })
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
    expect(await predicted(cache)).not.toBe(shipped)
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
