import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { orThrow } from '../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../src/compile/compile.ts'
import { type Model, openModel } from '../../src/execute/model.ts'
import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import { createZooNetwork, loadNetwork as openNetwork, parsePlan as parsedPlan } from '../../src/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { sharedPath } from '../shared.ts'
import { libraryTta } from './contenders.ts'
import { inferenceChart } from './inference-chart.ts'
import { inferenceTable } from './inference-table.ts'
import { type Lane, lanes } from './lanes.ts'
import type { Bench, BenchOptions } from './main.ts'

interface Cell {
  readonly network: string
  readonly open: () => Promise<Network>
  readonly batches: readonly number[]
}

const trained = sharedPath('models/cifar100_resnet56.onnx')

/** A zoo network whose biases and statistics are not the zeros and ones of a fresh one, which runtimes would optimize away. */
const lived = (name: string): Network => {
  const network = createZooNetwork(name)
  const parameters = new Map(
    [...network.parameters].map(([key, { shape, data }]) => [
      key,
      { shape, data: shape.length === 1 ? Float32Array.from(data, (value, k) => value + 0.1 * Math.sin(k + 1)) : data },
    ]),
  )
  return { ...network, parameters }
}

const cells: readonly Cell[] = [
  { network: 'preact-resnet-110', open: async () => lived('preact-resnet-110'), batches: [1, 32, 128] },
  { network: 'resnet-18', open: async () => lived('resnet-18'), batches: [1, 16] },
  { network: 'cifar100_resnet56', open: () => openNetwork(trained), batches: existsSync(trained) ? [128] : [] },
]

const plans = ['vanilla', 'library-tta', 'vanilla-tta-geo', 'flip-2-max', 'flip-3-max', 'flip-4-max'] as const
type PlanName = (typeof plans)[number]

interface Contender {
  readonly lane: Lane
  readonly plan: PlanName
  readonly compiled: CompiledNetwork
  readonly executor: Model['executor']
  readonly run: () => Promise<unknown>
  readonly dispose: () => void
}

/** What a bench row says. Times of one batch; `relative_to_…`: medians of the rounds' ratios. */
export interface Row {
  readonly network: string
  readonly batch: number
  readonly plan: PlanName
  readonly executor: Lane['name']
  readonly precision: Lane['precision']
  /** Under `auto`: what it took. */
  readonly chosen: string
  readonly schedule: string
  readonly multiply_adds_relative: number
  readonly milliseconds: Spread
  /** To the plain network on the same executor in the same precision. */
  readonly relative_to_plain: number
  /** To the plain network on onnxruntime in float32, as exported; absent where that is not installed. */
  readonly relative_to_onnxruntime?: number
}

/** Opens a plan on a lane; a lane that is not there on this machine has none. */
const enter = async (
  network: Network,
  lane: Lane,
  plan: PlanName,
  batch: number,
  say: (line: string) => void,
): Promise<Contender | undefined> => {
  const { h, w, c } = imageType(network)
  const images = Float32Array.from({ length: batch * h * w * c }, (_, k) => Math.sin(k))
  const asExported = lane.name === 'onnxruntime'
  if (asExported && plan !== 'vanilla' && plan !== 'library-tta') return undefined
  const backend = lane.name === 'wasm' ? 'wasm' : 'node-gpu'
  const compiled = orThrow(
    compileNetwork(network, parsedPlan(plan === 'library-tta' ? 'vanilla' : plan), {
      batch,
      backend,
      ...(asExported ? { pipeline: () => [] } : {}),
    }),
  )
  try {
    const runner = await openModel(compiled, { ...lane, batch })
    const run = plan === 'library-tta' ? libraryTta(runner, images, w, c) : () => runner.predict(images)
    return { lane, plan, compiled, executor: runner.executor, run, dispose: runner.dispose }
  } catch (error) {
    say(`${lane.name} ${lane.precision}, ${plan}: ${(error as Error).message.split('\n')[0]}`)
    return undefined
  }
}

const measure = async (cell: Cell, batch: number, options: BenchOptions): Promise<readonly Row[]> => {
  const network = await cell.open()
  const say = (line: string): void => void process.stderr.write(`  ${line}\n`)
  const contenders: Contender[] = []
  try {
    for (const lane of lanes.filter(
      lane => options.wants('executor', lane.name) && batch <= (lane.largestBatch ?? batch),
    ))
      for (const plan of plans.filter(plan => options.wants('plan', plan))) {
        const contender = await enter(network, lane, plan, batch, say)
        if (contender === undefined) break
        contenders.push(contender)
      }
    const times = await race(contenders, { rounds: 15, seconds: 30 })
    const timesOf = (name: Lane['name'], precision: Lane['precision']) =>
      times[
        contenders.findIndex(
          ({ lane, plan }) => lane.name === name && lane.precision === precision && plan === 'vanilla',
        )
      ]
    const exported = timesOf('onnxruntime', 'float32')
    return contenders.map(
      ({ lane, plan, compiled, executor }, k): Row => ({
        network: cell.network,
        batch,
        plan,
        executor: lane.name,
        precision: lane.precision,
        chosen: executor,
        schedule: compiled.schedule,
        multiply_adds_relative: compiled.multiplyAdds.relative * (plan === 'library-tta' ? 2 : 1),
        milliseconds: spreadOf(times[k]),
        relative_to_plain: ratios(times[k], timesOf(lane.name, lane.precision)),
        ...(exported === undefined ? {} : { relative_to_onnxruntime: ratios(times[k], exported) }),
      }),
    )
  } finally {
    for (const contender of contenders) contender.dispose()
  }
}

/** Every plan on every executor, side by side in one process. */
export const inferenceBench: Bench = {
  about: 'every plan on every executor, in float32 and bfloat16, against the plain network and onnxruntime',
  run: async options => {
    const [before] = loadavg()
    const rows: Row[] = []
    for (const cell of cells)
      for (const batch of cell.batches) {
        if (!options.wants('network', cell.network) || !options.wants('batch', String(batch))) continue
        process.stderr.write(`${cell.network}, batch ${batch}\n`)
        rows.push(...(await measure(cell, batch, options)))
      }
    const load = [before, loadavg()[0]].map(x => x.toFixed(1))
    const text = `${inferenceTable(rows)}\n\nLoad of the machine ${load.join(' before, ')} after.`
    return { rows, text, svg: () => inferenceChart(rows) }
  },
}
