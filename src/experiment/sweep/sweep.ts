import { printPlan } from '../../../passes/index.ts'
import { lockFolder } from '../../base/lock-folder.ts'
import type { Network } from '../../network/network.ts'
import { hasCheckpoint } from '../../train/checkpoint.ts'
import type { TrainingEvent } from '../../train/events.ts'
import { type ShardNumber, shardHas } from '../shards/shard.ts'
import type { SweepTraining } from './grid.ts'
import { evaluatedOn, evaluatedPlans, jobAt, type Located, locate, type SweepJob } from './jobs.ts'
import type { OpenSweep } from './open.ts'
import {
  beginTraining,
  readTrainedNetwork,
  writeErrors,
  writeEvaluation,
  writeFailure,
  writeSpent,
  writeTrained,
} from './store.ts'
import { timePlans } from './times.ts'
import type { SweepWork } from './work.ts'

export type SweepEvent =
  | { readonly event: 'begin' | 'evaluate' | 'done'; readonly training: SweepTraining; readonly of: Count }
  | { readonly event: 'training'; readonly training: SweepTraining; readonly of: Count; readonly what: TrainingEvent }
  | { readonly event: 'failed'; readonly training: SweepTraining; readonly of: Count; readonly reason: string }
  | { readonly event: 'time'; readonly plans: number }

interface Count {
  readonly number: number
  readonly total: number
}

export interface SweepOptions {
  /** Which of the trainings: all of them by default. The last shard times the plans. */
  readonly shard?: ShardNumber | undefined
  readonly signal?: AbortSignal
  readonly onEvent?: (event: SweepEvent) => void
}

/** Trains, where that is not done. Whether it is done now: not where it was interrupted. */
const trained = async (
  { recipe, fingerprints }: OpenSweep,
  network: Network,
  { training, folder }: SweepJob,
  work: SweepWork,
  signal: AbortSignal | undefined,
  onEvent: (event: TrainingEvent) => void,
): Promise<boolean> => {
  if (folder.facts !== undefined) return true
  const { checkpoints } = folder
  const resume = await hasCheckpoint(checkpoints)
  const done = await work.train({ training, network, checkpoints, resume, signal, onEvent })
  const seconds = folder.spent + done.seconds
  if (done.interrupted) {
    await writeSpent(folder, seconds)
    return false
  }
  const { steps, epochs, loss, errorPercent, backend, executor } = done
  const { plan, seed } = training
  const last_epoch =
    loss === null || errorPercent === null ? undefined : { loss, error_percent: errorPercent, validation: null }
  const of = { network: network.name, plan: printPlan(plan), recipe, seed, data: fingerprints.train }
  await writeTrained(
    folder,
    done.network.parameters,
    { ...of, steps, epochs, last_epoch },
    { steps, epochs, loss, seconds, backend, executor },
  )
  return true
}

/** What is missing of a job: training, then the plans that were not evaluated. Whether it is done now. */
const finish = async (
  open: OpenSweep,
  { what, ...located }: Located,
  job: SweepJob,
  work: SweepWork,
  signal: AbortSignal | undefined,
  tell: (event: 'evaluate' | TrainingEvent) => void,
): Promise<boolean> => {
  const { training, folder, evaluated } = job
  const network = open.networks.get(training.seed) as Network
  await beginTraining(folder, what)
  if (!(await trained(open, network, job, work, signal, tell))) return false
  tell('evaluate')
  const missing = evaluatedPlans(training).filter(plan => evaluated?.wrong[printPlan(plan)] === undefined)
  const found = await work.evaluate(await readTrainedNetwork(folder, network), missing, signal)
  if (found === null) return false
  const wrong = { ...evaluated?.wrong, ...found.wrong }
  const seconds = (evaluated?.seconds ?? 0) + found.seconds
  const all = { ...found, wrong, seconds }
  await writeErrors(folder, open.fingerprints.evaluate, all)
  await writeEvaluation(folder, evaluatedOn(open), all)
  return (await jobAt(open, { what, ...located })).status.status === 'done'
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Does what is not done of a sweep, training by training: what fails is noted, and does not stop the others; aborted, what is under way
 * is saved. Whether it was interrupted.
 *
 * @throws EspalierError where a folder cannot be written to or another process works in it, or nothing runs the plans to time them
 */
export const runSweep = async (
  open: OpenSweep,
  out: string,
  work: SweepWork,
  { shard = { index: 0, of: 1 }, signal, onEvent = () => {} }: SweepOptions = {},
): Promise<{ readonly interrupted: boolean }> => {
  const all = locate(open, out)
  for (const [k, located] of all.entries()) {
    if (!shardHas(shard, k)) continue
    const { training } = located
    const of = { number: k + 1, total: all.length }
    const job = await jobAt(open, located)
    if (job.status.status === 'done') continue
    if (signal?.aborted === true) return { interrupted: true }
    onEvent({ event: 'begin', training, of })
    const unlock = await lockFolder(located.path)
    try {
      const done = await finish(open, located, job, work, signal, what =>
        onEvent(what === 'evaluate' ? { event: what, training, of } : { event: 'training', training, of, what }),
      )
      if (!done) return { interrupted: true }
      onEvent({ event: 'done', training, of })
    } catch (error) {
      const reason = reasonOf(error)
      await writeFailure(job.folder, reason)
      onEvent({ event: 'failed', training, of, reason })
    } finally {
      await unlock()
    }
  }
  if (signal?.aborted === true) return { interrupted: true }
  if (shard.index === shard.of - 1) await timePlans(open, out, work.time, plans => onEvent({ event: 'time', plans }))
  return { interrupted: false }
}
