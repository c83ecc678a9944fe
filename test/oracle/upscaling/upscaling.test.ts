import { describe, expect, it } from 'vitest'
import { hasShared } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { psnrByRun } from './by-run.ts'
import { photos, writeCentres } from './photos.ts'
import { figures, mean, type PlanName, plans, upscaled } from './upscaled.ts'

const how = { backend: 'wasm', executor: 'eager' } as const

describe.skipIf(!hasShared)('a network of open size that doubles images', () => {
  it.each(Object.keys(plans) as PlanName[])('answers as TensorFlow.js does: %s', async plan => {
    const [photo] = await photos(1)
    const wanted = figures().every997[photo.name][plan]
    const [{ output }] = await upscaled(plan, [photo], how)
    const seen = output.filter((_, k) => k % 997 === 0)
    expect(seen.length).toBe(wanted.length)
    wanted.forEach((value, k) => {
      expect(Math.abs(seen[k] - value)).toBeLessThan(1e-4)
    })
  })

  it('is measured by the command line at the images’ own sizes', async () => {
    const folder = await temporaryFolder('upscaling')
    await writeCentres(folder, 2)
    const wanted = await upscaled('plain', await photos(2), how)
    const seen = await psnrByRun(folder, 'plain', ['--backend', how.backend, '--executor', how.executor])
    expect(Math.abs(seen - mean(wanted.map(({ psnr }) => psnr)))).toBeLessThan(0.005)
  })
})
