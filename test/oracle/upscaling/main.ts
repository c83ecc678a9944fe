import { photos } from './photos.ts'
import { figures, mean, type PlanName, plans, upscaled } from './upscaled.ts'

/** `npx tsx test/oracle/upscaling/main.ts`: the mean PSNR over all photos, held against TensorFlow.js'; fails where one is 0.005 dB off. */
const { count, psnr } = figures()
const all = await photos(Number.POSITIVE_INFINITY)
if (all.length !== count) throw new Error(`${all.length} photos, ${count} in the figures`)
for (const plan of Object.keys(plans) as PlanName[]) {
  const seen = mean((await upscaled(plan, all, { backend: 'auto' })).map(each => each.psnr))
  const off = Math.abs(seen - psnr[plan])
  console.log(`${plan}: ${seen.toFixed(4)} dB, ${psnr[plan].toFixed(4)} by TensorFlow.js`)
  if (off > 0.005) process.exitCode = 1
}
