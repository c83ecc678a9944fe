import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { espalier } from '../../../src/cli/espalier.ts'
import { sharedPath } from '../../shared.ts'
import { type PlanName, plans } from './upscaled.ts'

/** The PSNR that `espalier run` tells of a folder of images under a plan, each halved and upscaled at its own size. @throws where it fails */
export const psnrByRun = async (folder: string, plan: PlanName, flags: readonly string[]): Promise<number> => {
  const preprocess = join(folder, 'preprocess.json')
  await writeFile(preprocess, JSON.stringify({ size: 48, scale: 1 / 255 }))
  let [code, stdout, stderr] = [0, '', '']
  await espalier({
    args: [
      ...['run', '--network', sharedPath('models', 'tfjs', 'esrgan_slim_x2', 'model.json'), '--answers', 'map-values'],
      ...['--size', 'image', '--preprocess', preprocess, '--data', `downscale:2,images:${folder}`],
      ...['--plan', plans[plan], '--json', ...flags],
    ],
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    interactive: false,
    exitWith: exit => {
      code = exit
    },
  })
  if (code !== 0) throw new Error(stderr)
  return JSON.parse(stdout).psnr_db
}
