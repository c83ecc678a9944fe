import { type Plan, parsePlan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { compileNetwork } from '../compile/compile.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { type Clock, machineClock, race, ratios, type Spread, spreadOf } from '../execute/race.ts'
import type { Precision } from '../lower/precision.ts'
import { imageType, type Network } from '../network/network.ts'
import { backendNames } from '../runtime/backend-names.ts'

export interface TimeOptions {
  readonly backend?: ModelBackend
  readonly executor?: NonNullable<ModelOptions['executor']>
  readonly precision?: Precision
  readonly batch: number
  /** Batches that a run goes through. Default: one, of made-up images. */
  readonly images?: readonly Float32Array[] | undefined
  /** Of the scales that plans draw. Default 0. */
  readonly seed?: number
  readonly rounds?: number
  /** Rounds that there must be. Default 9. */
  readonly least?: number | undefined
  /** Rounds over the least that there must be are run while they take less than this. */
  readonly seconds?: number
  readonly clock?: Clock | undefined
}

/** What a compiled plan takes for one run, beside the network as it is. */
export interface RelativeTime {
  readonly milliseconds: Spread
  /** The median of the rounds' ratios to vanilla. */
  readonly relative: number
}

export interface RelativeTimes {
  readonly backend: Model['backend']
  readonly executor: Model['executor']
  readonly describe: string
  readonly vanilla: RelativeTime
  /** As many as plans, in their order. */
  readonly plans: readonly RelativeTime[]
}

const spread = (times: readonly number[], to: readonly number[]): RelativeTime => ({
  milliseconds: spreadOf(times),
  relative: ratios(times, to),
})

async function* inTurn(batches: readonly Float32Array[]): AsyncGenerator<Float32Array> {
  yield* batches
}

/**
 * Times one batch, or those that are given, of each compiled plan and of the network without branches on one executor: they take
 * turns, so that what else the machine does slows all alike. Under `auto`, vanilla's executor is everyone's.
 *
 * @throws EspalierError where a plan does not fit the network, or nothing runs it.
 */
export const relativeTimes = async (
  network: Network,
  plans: readonly Plan[],
  { rounds = 25, least, seconds = 20, seed = 0, clock = machineClock, ...options }: TimeOptions,
): Promise<RelativeTimes> => {
  const { batch } = options
  const { h, w, c } = imageType(network)
  const { images = [Float32Array.from({ length: batch * h * w * c }, (_, k) => Math.sin(k))] } = options
  const entered: Model[] = []
  const enter = async (plan: Plan): Promise<void> => {
    const [vanilla] = entered
    const backend = backendNames.find(name => name === (vanilla?.backend ?? options.backend))
    const scheduling = backend === undefined ? {} : { backend }
    const compiled = orThrow(compileNetwork(network, plan, { seed, batch, ...scheduling }))
    const settled = vanilla === undefined || vanilla.executor === 'reference' ? {} : { executor: vanilla.executor }
    entered.push(await openModel(compiled, { ...options, ...settled }))
  }
  try {
    for (const plan of [orThrow(parsePlan('vanilla')), ...plans]) await enter(plan)
    const racers = entered.map(runner => ({
      run: async () => {
        for await (const _ of runner.predictEach(inTurn(images)));
      },
    }))
    const [vanilla, ...others] = await race(racers, { rounds, seconds, clock, least })
    const { backend, executor, describe } = entered[0]
    return {
      backend,
      executor,
      describe,
      vanilla: spread(vanilla, vanilla),
      plans: others.map(times => spread(times, vanilla)),
    }
  } finally {
    for (const runner of entered) runner.dispose()
  }
}
