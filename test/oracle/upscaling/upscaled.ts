import { readFileSync } from 'node:fs'
import type { ModelOptions } from '../../../src/execute/model.ts'
import { compile, createModel, loadNetwork, parsePlan, type WithBackend } from '../../../src/index.ts'
import { sharedPath } from '../../shared.ts'
import type { Halved } from './photos.ts'

/** What TensorFlow.js makes of the photos: `how` in the file says how. */
interface Figures {
  readonly count: number
  readonly psnr: Readonly<Record<PlanName, number>>
  readonly every997: Readonly<Record<string, Readonly<Record<PlanName, readonly number[]>>>>
}

/** The plans by the names that the figures have for them. */
export const plans = { plain: 'vanilla', flip: 'vanilla-tta-mean', d4: 'd4@0:mean' } as const
export type PlanName = keyof typeof plans

export const figures = (): Figures => JSON.parse(readFileSync(sharedPath('oracle', 'esrgan_slim_x2.json'), 'utf8'))

const psnr = (output: Float32Array, truth: Float32Array): number => {
  const squares = output.reduce((sum, value, k) => sum + (Math.min(1, Math.max(0, value)) - truth[k]) ** 2, 0)
  return -10 * Math.log10(squares / truth.length)
}

/** What the network makes of each photo under a plan: its output, and how near that is to the truth in decibels. */
export const upscaled = async (plan: PlanName, photos: readonly Halved[], options: WithBackend<ModelOptions>) => {
  const network = await loadNetwork(sharedPath('models', 'tfjs', 'esrgan_slim_x2', 'model.json'), {
    size: [48, 48],
    answers: 'map-values',
  })
  await using model = await createModel(compile(network, parsePlan(plans[plan])), options)
  const found: { readonly name: string; readonly output: Float32Array; readonly psnr: number }[] = []
  for (const { name, truth, input } of photos) {
    const [output] = Object.values((await model.predict(input)).outputs)
    found.push({ name, output: output.data, psnr: psnr(output.data, truth) })
  }
  return found
}

/** The mean of some numbers. */
export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
