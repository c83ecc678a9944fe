import { placePlan, trainingReduction } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { table } from '../../src/base/format.ts'
import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import { createZooNetwork } from '../../src/index.ts'
import { carriedAtFirst, openStep } from '../../src/train/step.ts'
import { fixedPlanOf } from '../fixed-plan.ts'
import type { BenchOptions } from './main.ts'
import { openTorchSteps, torchPython } from './torch.ts'
import { inputOf, settled, stepOf } from './training-step.ts'

const networks = ['cifar-resnet-20', 'preact-resnet-110']
const plans = ['vanilla', 'flip-3-max']
const batch = 128

interface Entry {
  readonly program: string
  readonly run: () => Promise<unknown>
  readonly dispose: () => void
}

export interface BesideTorchRow {
  readonly network: string
  readonly batch: number
  readonly plan: string
  readonly program: string
  readonly milliseconds: Spread
  /** Of Espalier's step to this one: the median of the rounds' ratios. */
  readonly espalier_relative: number
}

const enterEspalier = async (name: string, plan: string): Promise<Entry & { readonly parameters: number }> => {
  const network = settled(createZooNetwork(name))
  const step = stepOf(network, plan)
  const carried = carriedAtFirst(step, network)
  const open = await openStep(step, network, carried, { backend: 'node-gpu', executor: 'graph' })
  const input = inputOf(network, batch)
  const parameters = step.parameters.reduce((sum, key) => sum + (carried.get(key)?.data.length ?? 0), 0)
  return { program: 'Espalier, graph', parameters, run: () => open.run(input), dispose: open.dispose }
}

const enterTorch = async (python: string, network: string, plan: string, parameters: number): Promise<Entry[]> => {
  const { sites } = orThrow(placePlan(fixedPlanOf(plan), createZooNetwork(network).graph, () => 0))
  const reduction = orThrow(trainingReduction(fixedPlanOf(plan)))
  const entries: Entry[] = []
  for (const channels_last of [false, true]) {
    const maps = sites.map(({ map }) => map)
    const steps = await openTorchSteps(python, { network, maps, reduction, batch, channels_last })
    if (steps.parameters !== parameters)
      throw new Error(`${network} trains ${steps.parameters} parameters in PyTorch, ${parameters} here`)
    entries.push({ ...steps, program: `PyTorch ${steps.version}, channels ${channels_last ? 'last' : 'first'}` })
  }
  return entries
}

/** Steps as one graph beside those of PyTorch, in turns; without them, and a word why, where there is no PyTorch. */
export const besideTorch = async ({ wants }: BenchOptions) => {
  const found = await torchPython()
  const rows: BesideTorchRow[] = []
  for (const network of networks.filter(name => wants('network', name)))
    for (const plan of plans.filter(name => wants('plan', name))) {
      const { parameters, ...ours } = await enterEspalier(network, plan)
      const theirs = 'python' in found ? await enterTorch(found.python, network, plan, parameters) : []
      const entries = [ours, ...theirs]
      const times = await race(entries, { rounds: 15, least: 7, seconds: 30 })
      for (const [k, { program, dispose }] of entries.entries()) {
        const milliseconds = spreadOf(times[k])
        rows.push({ network, batch, plan, program, milliseconds, espalier_relative: ratios(times[0], times[k]) })
        dispose()
      }
    }
  const text = table(
    ['network, batch', 'plan', 'ms (min to max)', 'Espalier to it', 'step by'],
    rows.map(({ network, plan, program, milliseconds: { median, min, max }, espalier_relative }) => [
      `${network}, ${batch}`,
      plan,
      `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`,
      `${espalier_relative.toFixed(2)}×`,
      program,
    ]),
  )
  return { rows, text: 'absent' in found ? `${text}\nPyTorch takes no part: ${found.absent}.` : text }
}
