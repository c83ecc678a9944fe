import { existsSync, readFileSync } from 'node:fs'
import { orThrow } from '../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../src/compile/compile.ts'
import { meanMultiplyAdds } from '../../src/compile/compiled-stages.ts'
import { type Model, openModel } from '../../src/execute/model.ts'
import { loadNetwork, parsePlan } from '../../src/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { testImages } from '../cifar-100.ts'
import { sharedPath } from '../shared.ts'
import { adaptiveChart } from './adaptive-chart.ts'
import { exportedTimes } from './adaptive-export.ts'
import { adaptiveTable } from './adaptive-table.ts'
import { type TimedPlan, type TimeRow, timeRows } from './adaptive-times.ts'
import { libraryTta } from './contenders.ts'
import { type Lane, lanes } from './lanes.ts'
import type { Bench, BenchOptions } from './main.ts'

const networks = ['cifar100_resnet20', 'cifar100_resnet56'] as const
type Name = (typeof networks)[number]

const threeStages = (upper: number, lower: number): string =>
  `vanilla/${upper}/vanilla-tta-geo/${lower}/flip@0,shift4@4:geo`

/** Fixed plans, and by threshold the stages of which the oracle knows the errors. */
const plansOf = (network: Name): readonly string[] => {
  const known = JSON.parse(readFileSync(sharedPath('oracle', 'adaptive.json'), 'utf8'))
  const thresholds: readonly number[] = known.networks[network].map(({ threshold }: { threshold: number }) => threshold)
  const deeper = network === 'cifar100_resnet20' ? [threeStages(0.7, 0.1), threeStages(0.8, 0.2)] : []
  return ['vanilla', 'vanilla-tta-geo', ...thresholds.map(t => `vanilla/${t}/vanilla-tta-geo`), ...deeper]
}

/** Of each executor the plans that are timed: the oracle's with the least loss at the least price, and what it is held against. */
const timedPlans: { readonly [N in Name]: readonly string[] } = {
  cifar100_resnet20: [
    'vanilla',
    'library-tta',
    'vanilla-tta-geo',
    'vanilla/0.3/vanilla-tta-geo',
    'vanilla/0.681/vanilla-tta-geo',
    threeStages(0.7, 0.1),
  ],
  cifar100_resnet56: [
    'vanilla',
    'library-tta',
    'vanilla-tta-geo',
    'vanilla/0.521/vanilla-tta-geo',
    'vanilla/0.765/vanilla-tta-geo',
  ],
}

/** What a plan answers on test images: percent, and the share of images that each stage saw. */
export interface ErrorRow {
  readonly network: Name
  readonly plan: string
  readonly images: number
  readonly error_percent: number
  readonly shares: readonly number[]
  readonly multiply_adds_relative: number
}

const compiledUnder = (network: Network, plan: string, batch: number, backend: 'wasm' | 'node-gpu'): CompiledNetwork =>
  orThrow(compileNetwork(network, parsePlan(plan === 'library-tta' ? 'vanilla' : plan), { batch, backend }))

type Answer = (images: Float32Array) => Promise<unknown>

/** All batches at once, as an evaluation sends them: images that go on are gathered across them. */
const stream = <A>(answer: (images: Float32Array) => Promise<A>, images: Float32Array, numbers: number) =>
  Promise.all(
    Array.from({ length: Math.ceil(images.length / numbers) }, (_, k) =>
      answer(images.subarray(k * numbers, (k + 1) * numbers)),
    ),
  )

/** One call after another: nothing waits for others. */
const oneByOne = async (answer: Answer, images: Float32Array, numbers: number): Promise<void> => {
  for (let at = 0; at < images.length; at += numbers) await answer(images.subarray(at, at + numbers))
}

const sharesOf = (stages: ArrayLike<number>, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => Array.from(stages).filter(stage => stage > k).length / stages.length)

const errorRow = async (network: Network, name: Name, plan: string, count: number): Promise<ErrorRow> => {
  const batch = 128
  const compiled = compiledUnder(network, plan, batch, 'node-gpu')
  const model = await openModel(compiled, { executor: 'graph', batch })
  try {
    const { data } = testImages(count)
    const predictions = await stream(model.predict, data, batch * 3072)
    const bytes = readFileSync(sharedPath('data', 'cifar-100-binary', 'test.bin'))
    const stages: number[] = []
    let wrong = 0
    for (const prediction of predictions)
      for (let row = 0; row < prediction.n; row++) {
        const scores = prediction.logits.subarray(row * prediction.classes, (row + 1) * prediction.classes)
        if (scores.indexOf(scores.reduce((a, b) => Math.max(a, b))) !== bytes[stages.length * 3074 + 1]) wrong++
        stages.push(prediction.stages[row])
      }
    const shares = sharesOf(stages, compiled.stages?.length ?? 1)
    const { relative } =
      compiled.stages === undefined ? compiled.multiplyAdds : meanMultiplyAdds(compiled.stages, shares)
    return {
      network: name,
      plan,
      images: count,
      error_percent: (100 * wrong) / count,
      shares,
      multiply_adds_relative: relative,
    }
  } finally {
    model.dispose()
  }
}

const errorRows = async (network: Network, name: Name, options: BenchOptions): Promise<readonly ErrorRow[]> => {
  const rows: ErrorRow[] = []
  for (const plan of plansOf(name).filter(plan => options.wants('plan', plan))) {
    // What is known of three stages is known of the first 6,784 images.
    const count = plan.split('/').length > 3 ? 6784 : 10_000
    rows.push(await errorRow(network, name, plan, count))
  }
  return rows
}

const timesOn = async (
  network: Network,
  name: Name,
  batch: number,
  lane: Lane,
  options: BenchOptions,
): Promise<readonly TimeRow[]> => {
  const onWasm = lane.name === 'wasm'
  // Of few batches the part of a batch that goes on last would count for too much.
  const images = batch === 1 ? 512 : onWasm ? 16 * batch : 32 * batch
  const { data } = testImages(images)
  const { h, w, c } = imageType(network)
  const each = h * w * c
  const models: Model[] = []
  try {
    const plans = timedPlans[name].filter(plan => options.wants('plan', plan))
    const racers: TimedPlan[] = []
    for (const plan of plans) {
      const compiled = compiledUnder(network, plan, batch, onWasm ? 'wasm' : 'node-gpu')
      const model = await openModel(compiled, { ...lane, batch })
      models.push(model)
      const answer: Answer = plan === 'library-tta' ? of => libraryTta(model, of, w, c)() : model.predict
      const run = () => (batch === 1 ? oneByOne : stream)(answer, data, batch * each)
      const first = await stream(model.predict, data, Math.max(batch, 128) * each)
      const stages = first.flatMap(prediction => Array.from(prediction.stages))
      racers.push({ plan, run, share: stages.filter(stage => stage > 1).length / images })
    }
    const { name: executor, precision } = lane
    return await timeRows(racers, { network: name, batch, images, executor, precision })
  } catch (error) {
    process.stderr.write(`  ${lane.name}, batch ${batch}: ${(error as Error).message.split('\n')[0]}\n`)
    return []
  } finally {
    for (const model of models) model.dispose()
  }
}

const timedLanes = lanes.filter(
  ({ name, precision }) => ['graph', 'onnx', 'openvino', 'wasm'].includes(name) && precision === 'float32',
)

/** Adaptive plans on trained networks and real images: errors, shares, and mean times over one forward. */
export const adaptiveBench: Bench = {
  about: 'adaptive plans on CIFAR-100: errors and shares beside the known ones, mean time over the plain network',
  run: async options => {
    const found: { readonly errors: readonly ErrorRow[]; readonly times: readonly TimeRow[] }[] = []
    for (const name of networks) {
      const file = sharedPath('models', `${name}.onnx`)
      if (!options.wants('network', name) || !existsSync(file)) continue
      const network = await loadNetwork(file)
      process.stderr.write(`${name}, errors\n`)
      const errors = await errorRows(network, name, options)
      const times: TimeRow[] = []
      for (const batch of [128, 1]) {
        for (const lane of timedLanes) {
          if (!options.wants('batch', String(batch)) || !options.wants('executor', lane.name)) continue
          if (lane.name === 'wasm' && (batch === 1 || name === 'cifar100_resnet56')) continue
          process.stderr.write(`${name}, batch ${batch}, ${lane.name}\n`)
          times.push(...(await timesOn(network, name, lane.name === 'wasm' ? 32 : batch, lane, options)))
        }
        if (options.wants('batch', String(batch)) && options.wants('executor', 'onnxruntime')) {
          process.stderr.write(`${name}, batch ${batch}, exported files alone in onnxruntime\n`)
          times.push(...(await exportedTimes(network, name, batch)))
        }
      }
      found.push({ errors, times })
      process.stderr.write(`${adaptiveTable(errors, times)}\n`)
    }
    const errors = found.flatMap(each => each.errors)
    const times = found.flatMap(each => each.times)
    return { rows: [...errors, ...times], text: adaptiveTable(errors, times), svg: () => adaptiveChart(errors, times) }
  },
}
