import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sharedPath } from '../../shared.ts'
import { inProcess } from '../../src/cli/in-process.ts'
import { type PlanName, plans } from './upscaled.ts'

/** The PSNR that `espalier run` tells of a folder of images under a plan, each halved and upscaled at its own size. @throws where it fails */
export const psnrByRun = async (folder: string, plan: PlanName, flags: readonly string[]): Promise<number> => {
  const preprocess = join(folder, 'preprocess.json')
  await writeFile(preprocess, JSON.stringify({ size: 48, scale: 1 / 255 }))
  const { code, stdout, stderr } = await inProcess([
    ...['run', '--network', sharedPath('models', 'tfjs', 'esrgan_slim_x2', 'model.json'), '--answers', 'map-values'],
    ...['--size', 'image', '--preprocess', preprocess, '--data', `downscale:2,images:${folder}`],
    ...['--plan', plans[plan], '--json', ...flags],
  ])
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout).psnr_db
}
