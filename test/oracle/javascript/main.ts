import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import { compile, createModel, type EspalierError, loadNetwork, type Network, parsePlan } from '../../../src/index.ts'
import { imageType, outputsOf } from '../../../src/network/network.ts'
import { tf } from '../../tensorflow-js.ts'
import { inTensorFlowJs } from './in-tensorflow-js.ts'
import { models, type ShippedModel } from './models.ts'

/**
 * `npx tsx test/oracle/javascript/main.ts NODE_MODULES [PART]`: models that packages of npm ship, held against TensorFlow.js, plain and under test-time augmentation that is
 * done there by hand. Fails where one number is 1e-4 off. Packages that are not installed are left out, and where a part of their names is given, all others.
 */
const [home = 'node_modules', only = ''] = process.argv.slice(2)

/** The symmetries of the square by three bits: turned about the diagonal, then mirrored from left to right and from top to bottom. */
const plans = { vanilla: [0], 'vanilla-tta-mean': [0, 1], 'd4@0:mean': [0, 1, 2, 3, 4, 5, 6, 7] } as const

const mirrored = (x: Tensor, k: number): Tensor => {
  const axes = [...(k & 1 ? [2] : []), ...(k & 2 ? [1] : [])]
  return axes.length === 0 ? x : tf.reverse(x, axes)
}
const turned = (x: Tensor, k: number): Tensor => (k & 4 ? tf.transpose(x, [0, 2, 1, 3]) : x)
const done = (x: Tensor, k: number): Tensor => mirrored(turned(x, k), k)
const undone = (x: Tensor, k: number): Tensor => (x.rank === 4 ? turned(mirrored(x, k), k) : x)

const unit = (values: Float32Array): Float32Array => {
  const length = Math.hypot(...values)
  return values.map(value => value / length)
}

/** The means of what TensorFlow.js answers, output by output. */
const meansOf = (run: (image: Tensor) => readonly Tensor[], image: Tensor4D, elements: readonly number[]) =>
  tf.tidy(() => {
    const each = elements.map(k => run(done(image, k)).map(y => undone(y, k)))
    return each[0].map((_, output) => tf.mean(tf.stack(each.map(all => all[output])), 0).dataSync() as Float32Array)
  })

/** How far an answer is from the nearest of those that could be it: names are not kept by all files. */
const distance = (seen: Float32Array, candidates: readonly Float32Array[]): number =>
  Math.min(
    ...candidates
      .filter(({ length }) => length === seen.length)
      .map(wanted => wanted.reduce((most, value, k) => Math.max(most, Math.abs(value - seen[k])), 0)),
  )

const compared = async (network: Network, file: string, plan: keyof typeof plans): Promise<readonly string[]> => {
  const { h, w, c } = imageType(network)
  if (h !== w && plan.startsWith('d4')) return []
  const data = Float32Array.from({ length: h * w * c }, (_, k) => ((k * 7919) % 1009) / 1009)
  const means = meansOf(await inTensorFlowJs(file), tf.tensor4d(data, [1, h, w, c]), plans[plan])
  await using model = await createModel(compile(network, parsePlan(plan)), { backend: 'wasm', executor: 'eager' })
  const { outputs } = await model.predict(data)
  return Object.entries(outputs).map(([name, { kind, data: numbers, probabilities = numbers }]) => {
    const wanted = means.flatMap(values => [
      kind === 'embedding' && plan !== 'vanilla' ? unit(values) : values,
      // One probability is told as two classes.
      ...(values.length === 1 ? [Float32Array.of(1 - values[0], values[0])] : []),
    ])
    const off = distance(probabilities, wanted)
    if (!(off < 1e-4)) process.exitCode = 1
    return `${name}, ${kind}: ${off.toExponential(1)}`
  })
}

/** What is refused, as a sentence. */
const attempted = (network: Promise<Network>): Promise<Network | string> =>
  network.catch((error: EspalierError) => error.message)

const check = async ({ file, ...said }: ShippedModel): Promise<void> => {
  const path = join(home, file)
  if (!existsSync(path)) return console.log(`${file}: not installed`)
  const network = await attempted(loadNetwork(path, said))
  if (typeof network === 'string') {
    process.exitCode = 1
    return console.log(`${file}: ${network}`)
  }
  console.log(`${file}: ${outputsOf(network).map(({ name, kind }) => `${name} ${kind}`)}`)
  for (const plan of Object.keys(plans) as (keyof typeof plans)[])
    console.log(`  ${plan}  ${(await compared(network, path, plan)).join('; ')}`)
}

createRequire(import.meta.url)('@tensorflow/tfjs-backend-wasm')
await tf.setBackend('wasm')
for (const model of models) if (model.file.includes(only)) await check(model)
