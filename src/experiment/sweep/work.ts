import {
  type FixedPlan,
  placePlan,
  printPlan,
  scoreReduction,
  variantKey,
  variantsOfPlan,
} from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { random } from '../../base/random.ts'
import type { Network } from '../../network/network.ts'
import type { Trained, TrainingEvent } from '../../train/events.ts'
import { trainingExecutors } from '../../train/executors.ts'
import { train } from '../../train/train.ts'
import { relativeTimes } from '../relative-time.ts'
import { variantLogits } from '../variants/logits.ts'
import { errorOf, reduceLogits } from '../variants/reduction.ts'
import type { Sweep } from './config.ts'
import { rowName, type SweepTraining } from './grid.ts'
import type { OpenSweep } from './open.ts'
import type { Evaluated } from './store.ts'
import type { TimeOfPlans } from './times.ts'

/** What a training came to, and where it ran. */
export interface TrainOutcome
  extends Pick<Trained, 'network' | 'steps' | 'epochs' | 'loss' | 'errorPercent' | 'seconds' | 'interrupted'> {
  readonly backend: string
  readonly executor: string
}

export interface TrainTask {
  readonly training: SweepTraining
  readonly network: Network
  /** Where checkpoints go, and whether there is one to go on from. */
  readonly checkpoints: string
  readonly resume: boolean
  readonly signal: AbortSignal | undefined
  readonly onEvent: (event: TrainingEvent) => void
}

/** What a sweep has done for it: by this package, or by a test. */
export interface SweepWork {
  readonly train: (task: TrainTask) => Promise<TrainOutcome>
  /** Null where it was interrupted. */
  readonly evaluate: (
    network: Network,
    plans: readonly FixedPlan[],
    signal: AbortSignal | undefined,
  ) => Promise<Evaluated | null>
  readonly time: TimeOfPlans
}

/** Where trained networks run, as far as the sweep says it. */
const runsOn = ({ backend, executor, precision }: Sweep): Pick<Sweep, 'backend' | 'executor' | 'precision'> => ({
  backend,
  executor,
  precision,
})

const trainWith =
  ({ sweep, recipe, trainReference, train: { data, preprocess }, seed }: OpenSweep): SweepWork['train'] =>
  async ({ training, network, checkpoints, resume, signal, onEvent }) => {
    const executor = trainingExecutors.find(name => name === sweep.executor)
    const { classes } = data
    const source = { reference: trainReference, open: { seed, classes }, data }
    const events = train(network, training.plan, { ...recipe, validation: recipe.validation ?? 0 }, source, {
      seed: training.seed,
      out: checkpoints,
      resume,
      preprocess,
      maxSteps: sweep.max_steps,
      backend: sweep.backend,
      executor,
      precision: sweep.train_precision,
      signal,
    })
    let ran = { backend: '', executor: '' }
    for (;;) {
      const next = await events.next()
      if (next.done === true) return { ...next.value, ...ran }
      if (next.value.event === 'start') ran = { backend: next.value.backend, executor: next.value.executor }
      onEvent(next.value)
    }
  }

/** One set of logits, of the distinct variants of all plans, for all plans and reductions. */
const evaluateWith =
  ({ sweep, evaluate, seed }: OpenSweep): SweepWork['evaluate'] =>
  async (network, plans, signal) => {
    const begun = performance.now()
    const placed = plans.map(plan => orThrow(placePlan(plan, network.graph, random(seed, 'plan').next)))
    const found = await variantLogits(network, placed.flatMap(variantsOfPlan), evaluate, {
      batch: sweep.batch,
      limit: sweep.limit,
      ...runsOn(sweep),
      signal,
    })
    if (found.interrupted) return null
    const { logits, classes, labels = [], images } = found
    const wrong = plans.map((plan, k) => {
      const variants = variantsOfPlan(placed[k]).map(variant => logits.get(variantKey(variant)) as Float32Array)
      const scores = reduceLogits(variants, { classes, reduction: scoreReduction(placed[k]) ?? 'geo' })
      return [printPlan(plan), errorOf(scores, labels).wrong] as const
    })
    return { images, seconds: (performance.now() - begun) / 1000, wrong: Object.fromEntries(wrong) }
  }

const timeWith =
  ({ sweep, seed }: OpenSweep): SweepWork['time'] =>
  async (network, plans) => {
    const { batch } = sweep
    const branched = plans.filter(plan => rowName(plan) !== 'vanilla')
    const times = await relativeTimes(network, branched, {
      batch,
      seed,
      ...runsOn(sweep),
    })
    const { backend, executor } = times
    const rows = [
      ['vanilla', times.vanilla] as const,
      ...branched.map((plan, k) => [rowName(plan), times.plans[k]] as const),
    ]
    return {
      backend,
      executor,
      batch,
      relative: Object.fromEntries(rows.map(([name, { relative }]) => [name, relative])),
      milliseconds: Object.fromEntries(rows.map(([name, { milliseconds }]) => [name, milliseconds.median])),
    }
  }

/** A sweep's work, done by this package. */
export const sweepWork = (open: OpenSweep): SweepWork => ({
  train: trainWith(open),
  evaluate: evaluateWith(open),
  time: timeWith(open),
})
