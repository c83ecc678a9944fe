import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { psnrByRun } from './by-run.ts'
import { writeCentres } from './photos.ts'
import { figures, type PlanName, plans } from './upscaled.ts'

/**
 * `npx tsx test/oracle/upscaling/main.ts [FLAGS]`: the mean PSNR of `espalier run --size image` over the centres of all photos, held against TensorFlow.js'; fails where
 * one is 0.005 dB off. Flags are those of `run`.
 */
const { count, psnr } = figures()
const folder = await mkdtemp(join(tmpdir(), 'upscaling-'))
try {
  const written = await writeCentres(folder, Number.POSITIVE_INFINITY)
  if (written !== count) throw new Error(`${written} photos, ${count} in the figures`)
  for (const plan of Object.keys(plans) as PlanName[]) {
    const seen = await psnrByRun(folder, plan, process.argv.slice(2))
    console.log(`${plan}: ${seen.toFixed(4)} dB, ${psnr[plan].toFixed(4)} by TensorFlow.js`)
    if (!(Math.abs(seen - psnr[plan]) < 0.005)) process.exitCode = 1
  }
} finally {
  await rm(folder, { recursive: true })
}
