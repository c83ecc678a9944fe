import { loadavg } from 'node:os'
import { either as E } from 'fp-ts'
import { table } from '../../src/base/format.ts'
import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import { createZooNetwork } from '../../src/index.ts'
import { openBackend } from '../../src/runtime/backend.ts'
import { type Combination, enter } from './contenders.ts'
import type { Bench } from './main.ts'

const on = (
  executor: Combination['executor'],
  network: string,
  plan: string,
  ...batches: readonly number[]
): readonly Combination[] => batches.map(batch => ({ network, plan, batch, executor }))

const combinations: readonly Combination[] = [
  ...on('eager', 'preact-resnet-110', 'flip-4-max', 1, 32, 128),
  ...on('eager', 'resnet-18', 'flip-only1-max', 1, 16),
  ...on('eager', 'resnet-18', 'flip-only2-max', 16),
  ...on('eager', 'resnet-18', 'vanilla-tta-geo', 1, 16),
  ...on('eager', 'cifar-resnet-56', 'shift4@4:geo', 32),
  ...on('graph', 'preact-resnet-110', 'flip-4-max', 1, 32, 128),
  ...on('graph', 'resnet-18', 'flip-only1-max', 1, 16),
  ...on('graph', 'resnet-18', 'vanilla-tta-geo', 1),
  ...on('wasm', 'preact-resnet-110', 'flip-4-max', 1, 8),
  ...on('wasm', 'resnet-18', 'flip-only1-max', 1),
  ...on('wasm', 'cifar-resnet-56', 'shift4@4:geo', 8),
]

/** A way to run a network, and what it took. `schedule` is the flag's value, `chosen` what it came to. */
interface Row {
  readonly network: string
  readonly batch: number
  readonly plan: string
  readonly executor: Combination['executor']
  readonly precision: 'float32'
  readonly schedule: string
  readonly chosen: string
  readonly multiply_adds_relative: number
  readonly milliseconds: Spread
  readonly relative_to_plain: number
  readonly predicted_milliseconds: number
  /** Under `auto`: the fastest of the forced schedules, and the median of the rounds' ratios to it. */
  readonly best_forced?: string
  readonly relative_to_best_forced?: number
}

const measure = async (combination: Combination): Promise<readonly Row[]> => {
  const { network, batch, executor } = combination
  const contenders = await enter(createZooNetwork(network), combination)
  try {
    const times = await race(contenders)
    const [plain] = times
    const forced = contenders.flatMap((contender, k) =>
      contender.schedules.some(schedule => schedule !== 'auto') ? [k] : [],
    )
    const best = forced.reduce((a, b) => (ratios(times[b], plain) < ratios(times[a], plain) ? b : a))
    return contenders.flatMap((contender, k): readonly Row[] => {
      const { kind, compiled, schedules } = contender
      const row = {
        network,
        batch,
        plan: kind === 'plain' ? 'vanilla' : kind === 'library-tta' ? kind : compiled.plan,
        executor,
        precision: 'float32' as const,
        schedule: kind,
        chosen: compiled.schedule,
        multiply_adds_relative: compiled.multiplyAdds.relative * (kind === 'library-tta' ? 2 : 1),
        milliseconds: spreadOf(times[k]),
        relative_to_plain: ratios(times[k], plain),
        predicted_milliseconds: compiled.predictedMilliseconds.total,
      }
      if (kind !== 'scheduled') return [row]
      return schedules.map(schedule =>
        schedule === 'auto'
          ? {
              ...row,
              schedule,
              best_forced: contenders[best].schedules[0],
              relative_to_best_forced: ratios(times[k], times[best]),
            }
          : { ...row, schedule },
      )
    })
  } finally {
    for (const contender of contenders) contender.dispose()
  }
}

const near = 1.05

const textOf = (rows: readonly Row[], load: readonly number[]): string => {
  const choices = rows.flatMap(row =>
    row.relative_to_best_forced === undefined ? [] : [{ ...row, ratio: row.relative_to_best_forced }],
  )
  const within = choices.filter(({ ratio }) => ratio <= near).length
  return [
    table(
      [
        'network',
        'batch',
        'plan',
        'executor',
        'schedule',
        '',
        'multiply-adds',
        'ms (min to max)',
        'time',
        'predicted ms',
      ],
      rows.map(row => [
        row.network,
        String(row.batch),
        row.plan,
        row.executor,
        row.schedule,
        row.schedule === 'auto' ? row.chosen : '',
        `${row.multiply_adds_relative.toFixed(3)}×`,
        `${row.milliseconds.median.toFixed(1)} (${row.milliseconds.min.toFixed(1)} to ${row.milliseconds.max.toFixed(1)})`,
        `${row.relative_to_plain.toFixed(2)}×`,
        row.predicted_milliseconds.toFixed(1),
      ]),
    ),
    '',
    table(
      ['network', 'batch', 'plan', 'executor', 'auto chose', 'best forced', 'auto over best'],
      choices.map(({ network, batch, plan, executor, chosen, best_forced = '', ratio }) => [
        network,
        String(batch),
        plan,
        executor,
        chosen,
        best_forced,
        `${ratio.toFixed(3)}${ratio <= near ? '' : '  over 5 %'}`,
      ]),
    ),
    `${within} of ${choices.length} choices within 5 % of the best forced schedule; load of the machine ${load.map(x => x.toFixed(1)).join(' before, ')} after.`,
  ].join('\n')
}

/** Schedules against one another, against the plain network, a forward for each view, and the graph before any optimization. */
export const compileBench: Bench = {
  about: 'every schedule of ten plans and what auto chose, against vanilla and one forward a view',
  run: async ({ wants }) => {
    const [before] = loadavg()
    const rows: Row[] = []
    for (const combination of combinations) {
      const { network, plan, batch, executor } = combination
      if (!wants('network', network) || !wants('plan', plan) || !wants('batch', String(batch))) continue
      if (!wants('executor', executor)) continue
      if (executor !== 'wasm' && E.isLeft(await openBackend('node-gpu'))) continue
      process.stderr.write(`${network} ${plan}, batch ${batch} on ${executor}\n`)
      rows.push(...(await measure(combination)))
    }
    return { rows, text: textOf(rows, [before, loadavg()[0]]) }
  },
}
