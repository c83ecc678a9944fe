import type { Plan } from '../../../passes/index.ts'
import type { Network } from '../../network/network.ts'
import { type RelativeTimes, relativeTimes, type TimeOptions } from '../relative-time.ts'

const course = { rounds: 15, seconds: 10 } as const
/** Where a run is several batches. */
const leastOfBatches = 7

type Executor = NonNullable<TimeOptions['executor']>

interface PlanTimerOptions extends Omit<TimeOptions, 'executor' | 'images' | 'rounds' | 'least' | 'seconds'> {
  readonly executor: Executor
  readonly signal?: AbortSignal | undefined
  /** Told of plans before they are timed. */
  readonly onTiming?: ((plans: readonly Plan[]) => void) | undefined
}

/** What times plans in turns with vanilla, and the executor that it does so on. */
export interface PlanTimer {
  readonly executor: () => Executor
  /** On one batch, or on those that are given. @throws EspalierError where nothing runs them, and the signal's reason where it is aborted */
  readonly time: (plans: readonly Plan[], images?: readonly Float32Array[]) => Promise<RelativeTimes>
}

/** Times plans on one executor: what `auto` takes the first time times all others. */
export const planTimer = (
  network: Network,
  { signal, onTiming = () => {}, ...options }: PlanTimerOptions,
): PlanTimer => {
  let { executor } = options
  return {
    executor: () => executor,
    time: async (plans, images) => {
      signal?.throwIfAborted()
      onTiming(plans)
      const timed = await relativeTimes(network, plans, {
        ...{ ...options, ...course, executor, images },
        least: images && leastOfBatches,
      })
      if (timed.executor !== 'reference') executor = timed.executor
      return timed
    },
  }
}
