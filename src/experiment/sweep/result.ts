import { cpus } from 'node:os'
import { printPlan } from '../../../passes/index.ts'
import { wilsonPercent } from '../../execute/score.ts'
import type { Network } from '../../network/network.ts'
import type { Sourced } from '../sourced.ts'
import { judgeClaims } from './claims.ts'
import { rowName, type SweepRun } from './grid.ts'
import { type SweepJob, sweepJobs } from './jobs.ts'
import type { OpenSweep } from './open.ts'
import { type DoneRun, sweepTable } from './table.ts'
import { type SweepTimes, sweepTimes } from './times.ts'

/** The status of one run: of its training, and `trained` until this one is evaluated. */
const runOf = ({ training, folder, evaluated, status }: SweepJob, run: SweepRun, times: SweepTimes | undefined) => {
  const wrong = folder.facts === undefined ? undefined : evaluated?.wrong[printPlan(run.evaluated)]
  const done = wrong !== undefined && evaluated !== undefined
  const { plan, train_reduction, inference_reduction, seed } = run
  return {
    plan,
    train_reduction,
    inference_reduction,
    seed,
    ...(done ? { status: 'done' as const } : status),
    error_percent: done ? (100 * wrong) / evaluated.images : null,
    error_interval_percent: done ? wilsonPercent(wrong, evaluated.images) : null,
    relative_time: times?.relative[rowName(run.evaluated)] ?? null,
    /** What ran, as `--plan` takes it, on a network trained as what. */
    evaluated: printPlan(run.evaluated),
    trained: training.name,
  }
}

const trainingOf = ({ training, folder, evaluated, status }: SweepJob) => ({
  name: training.name,
  seed: training.seed,
  ...status,
  folder: folder.path,
  ...(folder.facts === undefined ? {} : { training: folder.facts }),
  ...(evaluated === undefined ? {} : { images: evaluated.images, evaluation_seconds: evaluated.seconds }),
})

export interface SweepCall extends Sourced {
  readonly seconds: number
  readonly interrupted: boolean
}

/** What there is of a sweep on disk: the keys of `sweep --json`. @throws EspalierError where files were changed by another hand */
export const sweepResult = async (
  open: OpenSweep,
  out: string,
  { command, seeds, versions, seconds, interrupted }: SweepCall,
) => {
  const jobs = await sweepJobs(open, out)
  const times = await sweepTimes(open, out)
  const runs = jobs.flatMap(job => job.training.runs.map(run => runOf(job, run, times)))
  const finished = runs.filter((run): run is typeof run & DoneRun => run.error_percent !== null)
  const table = sweepTable(finished)
  const [network] = open.networks.values() as Iterable<Network>
  return {
    network: network.name,
    command,
    seeds,
    versions,
    out,
    config: open.sweep,
    recipe: open.recipe,
    data_seed: open.seed,
    images: {
      train: open.train.data.count,
      evaluate: Math.min(open.sweep.limit ?? open.evaluate.data.count, open.evaluate.data.count),
    },
    machine: `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    runs,
    table,
    claims: judgeClaims(table),
    trainings: jobs.map(trainingOf),
    times: times ?? null,
    seconds,
    ...(interrupted ? { interrupted } : {}),
  }
}

export type SweepResult = Awaited<ReturnType<typeof sweepResult>>
