import { deviationOf, meanOf, medianOf } from '../../base/statistics.ts'
import type { SweepRun } from './grid.ts'

/** A run that is done: how often the network was wrong, and what its plan takes beside vanilla, where it was timed. */
export interface DoneRun extends Pick<SweepRun, 'plan' | 'train_reduction' | 'inference_reduction' | 'seed'> {
  readonly error_percent: number
  readonly relative_time: number | null
}

/** A cell of the paper's matrices over its seeds. */
export interface SweepCell extends Pick<SweepRun, 'plan' | 'train_reduction' | 'inference_reduction'> {
  readonly seeds: readonly number[]
  /** Of each seed, in their order. */
  readonly errors: readonly number[]
  /** `spread` is the standard deviation over seeds; null with one. */
  readonly error_percent: {
    readonly mean: number
    readonly spread: number | null
    readonly min: number
    readonly max: number
  }
  readonly relative_time: number | null
}

const cellOf = (runs: readonly DoneRun[]): SweepCell => {
  const [{ plan, train_reduction, inference_reduction }] = runs
  const errors = runs.map(run => run.error_percent)
  const times = runs.flatMap(run => run.relative_time ?? [])
  return {
    plan,
    train_reduction,
    inference_reduction,
    seeds: runs.map(run => run.seed),
    errors,
    error_percent: {
      mean: meanOf(errors),
      spread: errors.length < 2 ? null : deviationOf(errors),
      min: Math.min(...errors),
      max: Math.max(...errors),
    },
    relative_time: times.length === 0 ? null : medianOf(times),
  }
}

/** Runs gathered over their seeds, plan by plan, in the order in which each first comes. */
export const sweepTable = (runs: readonly DoneRun[]): readonly SweepCell[] => {
  const cells = new Map<string, DoneRun[]>()
  for (const run of runs) {
    const key = [run.plan, run.train_reduction, run.inference_reduction].join(' ')
    cells.set(key, [...(cells.get(key) ?? []), run])
  }
  const plans = [...new Set(runs.map(({ plan }) => plan))]
  return [...cells.values()].map(cellOf).sort((a, b) => plans.indexOf(a.plan) - plans.indexOf(b.plan))
}

/** What a training reduction is meant to be run with: claim (c) of the paper. */
const partner: { readonly [T in SweepRun['train_reduction']]: SweepRun['inference_reduction'] } = {
  vanilla: 'geo',
  none: 'geo',
  geo: 'geo',
  max: 'max',
  sum: 'sum',
}

/** The cells of the paper's Figures 2 and 3: each plan run as it was trained, with the reduction that goes with the one that it was trained with. */
export const asTrained = (cells: readonly SweepCell[]): readonly SweepCell[] =>
  cells.filter(({ plan, train_reduction, inference_reduction }) => {
    if (plan === 'vanilla') return true
    const trainedSo = train_reduction === 'vanilla' ? plan === 'vanilla-tta' : true
    return trainedSo && inference_reduction === partner[train_reduction]
  })
