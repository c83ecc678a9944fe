import { either as E } from 'fp-ts'
import { type Graph, sharedType } from '../../ir/index.ts'
import { multiplyAdds, naivePipeline, placePlan } from '../../passes/index.ts'
import { branched } from '../../passes/insert-branches.ts'
import { orThrow } from '../../src/base/error.ts'
import { type CompileOptions, compileNetwork } from '../../src/compile/compile.ts'
import { openModel } from '../../src/execute/model.ts'
import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import { openSavedModel } from '../../src/execute/saved-model.ts'
import { createZooNetwork } from '../../src/index.ts'
import type { Precision } from '../../src/lower/precision.ts'
import { lower } from '../../src/lower/tfjs/index.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { openBackend } from '../../src/runtime/backend.ts'
import type { BackendName } from '../../src/runtime/backend-names.ts'
import { bfloat16Support } from '../../src/runtime/bfloat16.ts'
import { carriedAtFirst, openStep } from '../../src/train/step.ts'
import { fixedPlanOf } from '../fixed-plan.ts'
import { trainer } from '../src/train/tape/trainer.ts'
import type { Bench, BenchOptions } from './main.ts'
import { besideTorch } from './training-beside-torch.ts'
import { inputOf, rate, recipe, settled, stepOf, weightDecay } from './training-step.ts'

interface Cell {
  readonly network: string
  readonly backend: BackendName
  readonly batch: number
  readonly plans: readonly string[]
  /** Whether the gradient tape of TensorFlow.js takes part. */
  readonly tape: boolean
}

const cells: readonly Cell[] = [
  { network: 'cifar-resnet-20', backend: 'node-gpu', batch: 128, plans: ['vanilla', 'flip-3-max'], tape: true },
  { network: 'preact-resnet-110', backend: 'node-gpu', batch: 128, plans: ['vanilla', 'flip-3-max'], tape: false },
  { network: 'cifar-resnet-20', backend: 'wasm', batch: 32, plans: ['vanilla', 'flip-3-max'], tape: false },
]

/**
 * What computes: an inference pass, compiled or as the network comes, or with its values for inputs as a step has them (so that nothing can be folded), or a training step, by
 * an executor; or the tape, with batch normalization composed or TensorFlow's own.
 */
type Work =
  | 'forward'
  | 'forward, not compiled'
  | 'forward, values given'
  | 'step'
  | 'step, bfloat16'
  | 'tape'
  | 'tape, fused batch norm'

interface Racer {
  readonly plan: string
  readonly work: Work
  readonly executor: string
  readonly multiplyAdds: number
  readonly run: () => Promise<unknown>
  readonly dispose: () => void
}

export interface TrainingRow {
  readonly network: string
  readonly backend: BackendName
  readonly batch: number
  readonly plan: string
  readonly work: Work
  readonly executor: string
  readonly milliseconds: Spread
  /** To a compiled inference pass on the same executor, to one that is given its values, to the vanilla step on it, to the tape's step: medians of the rounds' ratios. */
  readonly relative_to_forward: number
  readonly relative_to_forward_values_given?: number
  readonly relative_to_vanilla: number
  readonly relative_to_tape?: number
  /** Of a step in bfloat16, to the same in float32. */
  readonly relative_to_float32?: number
  /** Of the step's graph, to the vanilla step's. */
  readonly multiply_adds_relative: number
}

/** A graph whose parameters are inputs. */
const valuesGiven = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map(node => {
    if (node.tag !== 'Parameter') return node
    const { name, shape } = node.attributes
    const type = sharedType(shape)
    return { ...node, tag: 'Input', attributes: { name, type }, type }
  }),
})

const forwardOfGiven = async (
  network: Network,
  images: Float32Array,
  executor: 'eager' | 'graph',
  { backend, batch }: Cell,
): Promise<Pick<Racer, 'run' | 'dispose'>> => {
  const { tf, native } = orThrow(await openBackend(backend))
  const graph = valuesGiven(network.graph)
  const executable =
    executor === 'graph' && native !== undefined
      ? await openSavedModel(native, graph, new Map())
      : lower(tf, graph, new Map())
  const { name, h, w, c } = imageType(network)
  const values = Object.fromEntries(
    [...network.parameters].map(([key, { data, shape }]) => [key, tf.tensor(Float32Array.from(data), [...shape])]),
  )
  return {
    run: async () => {
      const image = tf.tensor(images, [batch, h, w, c])
      const { logits } = executable.run({ ...values, [name]: image })
      await logits.data()
      tf.dispose([image, logits])
    },
    dispose: () => {
      tf.dispose(values)
      executable.dispose()
    },
  }
}

const enterStep = async (
  network: Network,
  plan: string,
  executor: 'eager' | 'graph',
  { batch, backend }: Cell,
  precision: Precision,
): Promise<Racer> => {
  const step = stepOf(network, plan)
  const input = inputOf(network, batch)
  const open = await openStep(step, network, carriedAtFirst(step, network), { backend, executor, precision })
  const work = precision === 'float32' ? 'step' : 'step, bfloat16'
  return {
    ...{ plan, work, executor, multiplyAdds: multiplyAdds(step.graph) },
    ...{ run: () => open.run(input), dispose: open.dispose },
  }
}

/** The same step in bfloat16, weights and statistics in float32; nothing where the processor does not have it. */
const enterBfloat16 = async (network: Network, plan: string, cell: Cell): Promise<readonly Racer[]> =>
  cell.backend !== 'node-gpu' || E.isLeft(bfloat16Support())
    ? []
    : [await enterStep(network, plan, 'graph', cell, 'bfloat16')]

const enterExecutor = async (
  network: Network,
  plan: string,
  executor: 'eager' | 'graph',
  cell: Cell,
): Promise<readonly Racer[]> => {
  const { backend, batch } = cell
  const steps = await enterStep(network, plan, executor, cell, 'float32')
  if (plan !== 'vanilla') return [steps]
  const { images } = inputOf(network, batch)
  const forward = async (work: Work, pipeline: CompileOptions): Promise<Racer> => {
    const compiled = orThrow(compileNetwork(network, fixedPlanOf(plan), { batch, backend, ...pipeline }))
    const runner = await openModel(compiled, { backend, executor, batch })
    const facts = { plan, work, executor, multiplyAdds: multiplyAdds(compiled.graph) }
    return { ...facts, run: () => runner.predict(images), dispose: runner.dispose }
  }
  const given = await forwardOfGiven(network, images, executor, cell)
  return [
    await forward('forward', {}),
    await forward('forward, not compiled', { pipeline: naivePipeline }),
    { plan, work: 'forward, values given', executor, multiplyAdds: multiplyAdds(network.graph), ...given },
    steps,
  ]
}

const enterTape = async (network: Network, plan: string, { backend, batch }: Cell, fused: boolean): Promise<Racer> => {
  const { tf } = orThrow(await openBackend(backend))
  const { images, labels } = inputOf(network, batch)
  const { h, w, c } = imageType(network)
  const placed = orThrow(placePlan(fixedPlanOf(plan), network.graph, () => 0))
  const settings = { momentum: recipe.momentum, weightDecay, averaging: recipe.batchNormMomentum, fused }
  const tape = trainer(tf, branched(network.graph, placed), network.parameters, settings)
  const named = Int32Array.from(labels)
  return {
    plan,
    work: fused ? 'tape, fused batch norm' : 'tape',
    executor: 'tape',
    multiplyAdds: multiplyAdds(stepOf(network, plan).graph),
    run: async () => {
      const input = tf.tensor(images, [batch, h, w, c])
      await tape.step(input, named, rate)
      input.dispose()
    },
    dispose: () => {},
  }
}

const enter = async (cell: Cell, { wants }: BenchOptions): Promise<readonly Racer[]> => {
  const network = settled(createZooNetwork(cell.network))
  const executors = (['eager', 'graph'] as const).filter(name => name === 'eager' || cell.backend === 'node-gpu')
  const racers: Racer[] = []
  for (const plan of cell.plans.filter(plan => wants('plan', plan))) {
    for (const executor of executors.filter(name => wants('executor', name)))
      racers.push(...(await enterExecutor(network, plan, executor, cell)))
    if (wants('executor', 'graph')) racers.push(...(await enterBfloat16(network, plan, cell)))
    if (cell.tape && wants('executor', 'tape'))
      for (const fused of [false, true]) racers.push(await enterTape(network, plan, cell, fused))
  }
  return racers
}

const rowsOf = ({ network, backend, batch }: Cell, racers: readonly Racer[], times: readonly (readonly number[])[]) =>
  racers.map((racer, k): TrainingRow => {
    const { plan, work, executor } = racer
    const find = (wanted: (other: Racer) => boolean): number => racers.findIndex(wanted)
    const to = (at: number): number => ratios(times[k], times[at])
    const vanilla = find(other => other.plan === 'vanilla' && other.executor === executor && other.work === work)
    const forward = find(other => other.work === 'forward' && other.executor === executor)
    const given = find(other => other.work === 'forward, values given' && other.executor === executor)
    const tape = find(other => other.work === 'tape' && other.plan === plan)
    const wide = find(other => other.work === 'step' && other.plan === plan && other.executor === executor)
    return {
      network,
      backend,
      batch,
      plan,
      work,
      executor,
      milliseconds: spreadOf(times[k]),
      relative_to_forward: to(forward < 0 ? vanilla : forward),
      ...(given < 0 ? {} : { relative_to_forward_values_given: to(given) }),
      relative_to_vanilla: to(vanilla),
      ...(tape < 0 || work.startsWith('forward') ? {} : { relative_to_tape: to(tape) }),
      ...(work === 'step, bfloat16' ? { relative_to_float32: to(wide) } : {}),
      multiply_adds_relative: racer.multiplyAdds / racers[vanilla].multiplyAdds,
    }
  })

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const times = (value: number | undefined): string => (value === undefined ? '' : `${value.toFixed(2)}×`)

const table = (rows: readonly TrainingRow[]): string => {
  const header = [
    'network, batch, backend',
    'plan',
    'what',
    'ms (min to max)',
    'to forward',
    'to forward, values given',
    'to vanilla',
    'multiply-adds',
    'to the tape',
    'to float32',
  ]
  const body = rows.map(row =>
    line([
      `${row.network}, ${row.batch}, ${row.backend}`,
      row.plan,
      row.work.startsWith('tape') ? row.work : `${row.work}, ${row.executor}`,
      `${row.milliseconds.median.toFixed(0)} (${row.milliseconds.min.toFixed(0)} to ${row.milliseconds.max.toFixed(0)})`,
      row.executor === 'tape' || row.work === 'forward' ? '' : times(row.relative_to_forward),
      row.work.startsWith('forward') ? '' : times(row.relative_to_forward_values_given),
      times(row.relative_to_vanilla),
      times(row.multiply_adds_relative),
      times(row.relative_to_tape),
      times(row.relative_to_float32),
    ]),
  )
  return [line(header), line(header.map(() => '---')), ...body].join('\n')
}

const run = async (options: BenchOptions) => {
  if (options.withTorch === true) return besideTorch(options)
  const rows: TrainingRow[] = []
  for (const cell of cells) {
    if (!options.wants('network', cell.network) || !options.wants('batch', String(cell.batch))) continue
    if (E.isLeft(await openBackend(cell.backend))) continue
    const racers = await enter(cell, options)
    rows.push(...rowsOf(cell, racers, await race(racers, { rounds: 15, seconds: 60 })))
    for (const racer of racers) racer.dispose()
  }
  return { rows, text: table(rows) }
}

/** Training steps, in bfloat16 too, beside inference passes and the tape of TensorFlow.js, or beside PyTorch's. */
export const trainingBench: Bench = {
  about: 'training steps, beside inference passes and the gradient tape of TensorFlow.js; --with-torch: beside PyTorch',
  run,
}
