import { cpus } from 'node:os'
import { printPlan } from '../../../passes/index.ts'
import { counted } from '../../base/format.ts'
import { wilsonPercent } from '../../execute/score.ts'
import { classCount, type Network } from '../../network/network.ts'
import type { Sourced } from '../sourced.ts'
import { judgeClaims } from './claims.ts'
import { rowName, type SweepRun } from './grid.ts'
import { type SweepJob, sweepJobs } from './jobs.ts'
import type { OpenSweep } from './open.ts'
import { type DoneRun, type SweepCell, sweepTable } from './table.ts'
import { type SweepTimes, sweepTimes } from './times.ts'

/** What there is of a training, as files of shards have it. */
type TrainingPart = ReturnType<typeof trainingPart>

const trainingPart = ({ training, folder, evaluated, status }: SweepJob, number: number) => ({
  /** Its place among all trainings of the sweep. */
  number,
  name: training.name,
  seed: training.seed,
  status,
  folder: folder.path,
  facts: folder.facts,
  evaluated,
  runs: training.runs.map(({ evaluated: plan, ...run }) => ({
    ...run,
    row: rowName(plan),
    evaluated: printPlan(plan),
  })),
})

/** The status of one run: of its training, and `trained` until this one is evaluated. */
const runOf = (
  { name, facts, evaluated, status }: TrainingPart,
  { row, ...run }: TrainingPart['runs'][number],
  times: SweepTimes | null,
) => {
  const wrong = facts === undefined ? undefined : evaluated?.wrong[run.evaluated]
  const done = wrong !== undefined && evaluated !== undefined
  const { plan, train_reduction, inference_reduction, seed }: Omit<SweepRun, 'evaluated'> = run
  return {
    plan,
    train_reduction,
    inference_reduction,
    seed,
    ...(done ? { status: 'done' as const } : status),
    error_percent: done ? (100 * wrong) / evaluated.images : null,
    error_interval_percent: done ? wilsonPercent(wrong, evaluated.images) : null,
    relative_time: times?.relative[row] ?? null,
    /** What ran, as `--plan` takes it, on a network trained as what. */
    evaluated: run.evaluated,
    trained: name,
  }
}

const trainingOf = ({ name, seed, status, folder, facts, evaluated }: TrainingPart) => ({
  name,
  seed,
  ...status,
  folder,
  ...(facts === undefined ? {} : { training: facts }),
  ...(evaluated === undefined ? {} : { images: evaluated.images, evaluation_seconds: evaluated.seconds }),
})

export interface SweepCall extends Sourced {
  readonly seconds: number
  readonly interrupted: boolean
}

/** What there is of a sweep, or of a shard of one. */
export interface SweepPart {
  readonly network: string
  readonly out: string
  readonly config: OpenSweep['sweep']
  readonly recipe: OpenSweep['recipe']
  readonly data_seed: number
  readonly images: { readonly train: number; readonly evaluate: number }
  readonly classes: number
  readonly machine: string
  readonly trainings: readonly TrainingPart[]
  readonly times: SweepTimes | null
  readonly seconds: number
}

/** What there is on disk of a sweep, or of some of its trainings by their numbers. @throws EspalierError where files were changed by another hand */
export const sweepPart = async (
  open: OpenSweep,
  out: string,
  seconds: number,
  takes: (number: number) => boolean = () => true,
): Promise<SweepPart> => {
  const [network] = open.networks.values() as Iterable<Network>
  const jobs = await sweepJobs(open, out)
  return {
    network: network.name,
    out,
    config: open.sweep,
    recipe: open.recipe,
    data_seed: open.seed,
    images: {
      train: open.train.data.count,
      evaluate: Math.min(open.sweep.limit ?? open.evaluate.data.count, open.evaluate.data.count),
    },
    classes: classCount(network),
    machine: `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    trainings: jobs.map(trainingPart).filter(({ number }) => takes(number)),
    times: (await sweepTimes(open, out)) ?? null,
    seconds,
  }
}

/** The sweep of which these are the parts; plans are timed once, in one of them. */
export const joinSweep = (parts: readonly SweepPart[]): SweepPart => ({
  ...parts[0],
  machine: [...new Set(parts.map(({ machine }) => machine))].join('; '),
  trainings: parts.flatMap(({ trainings }) => trainings).sort((a, b) => a.number - b.number),
  times: parts.findLast(({ times }) => times !== null)?.times ?? null,
  seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
})

/** Cells that err as guessing does, as far as their images tell. */
const atChance = (table: readonly SweepCell[], classes: number, images: number): readonly string[] => {
  const chance = 100 - 100 / classes
  const guessing = table.filter(({ errors, error_percent }) => {
    const all = images * errors.length
    return wilsonPercent(Math.round((error_percent.mean * all) / 100), all)[1] >= chance
  })
  return guessing.length === 0
    ? []
    : [
        `${guessing.length} of ${counted(table.length, 'cell')} err as guessing among ${counted(classes, 'class', 'classes')} does, ${chance.toFixed(2)} %: networks that have learned nothing do not tell plans apart. Longer trainings or trained weights would.`,
      ]
}

/** The keys of `sweep --json`. */
export const sweepResult = (
  { trainings, times, seconds, ...part }: SweepPart,
  { command, seeds, versions, interrupted }: Omit<SweepCall, 'seconds'>,
) => {
  const runs = trainings.flatMap(training => training.runs.map(run => runOf(training, run, times)))
  const finished = runs.filter((run): run is typeof run & DoneRun => run.error_percent !== null)
  const table = sweepTable(finished)
  const { network, out, config, recipe, data_seed, images, classes, machine } = part
  const warnings = atChance(table, classes, images.evaluate)
  return {
    network,
    command,
    seeds,
    versions,
    out,
    config,
    recipe,
    data_seed,
    images,
    machine,
    runs,
    table,
    claims: judgeClaims(table),
    ...(warnings.length === 0 ? {} : { warnings }),
    trainings: trainings.map(trainingOf),
    times,
    seconds,
    ...(interrupted ? { interrupted } : {}),
  }
}

export type SweepResult = ReturnType<typeof sweepResult>
