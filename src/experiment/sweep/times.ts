import * as t from 'io-ts'
import type { FixedPlan } from '../../../passes/index.ts'
import type { Network } from '../../network/network.ts'
import { rowName } from './grid.ts'
import type { OpenSweep } from './open.ts'
import { readKept, writeKept } from './store.ts'

const Times = t.strict({
  backend: t.string,
  executor: t.string,
  batch: t.number,
  /** By row; `vanilla` has 1. */
  relative: t.record(t.string, t.number),
  milliseconds: t.record(t.string, t.number),
})
/** What the plans of a sweep take for a batch, beside vanilla. */
export type SweepTimes = t.TypeOf<typeof Times>

/** Times one network under several plans. */
export type TimeOfPlans = (network: Network, plans: readonly FixedPlan[]) => Promise<SweepTimes>

/** A plan for each row: reductions take next to no time. */
const rowsOf = ({ trainings }: OpenSweep): ReadonlyMap<string, FixedPlan> => {
  const rows = new Map<string, FixedPlan>()
  for (const { runs } of trainings)
    for (const { evaluated } of runs) if (!rows.has(rowName(evaluated))) rows.set(rowName(evaluated), evaluated)
  return rows
}

/** All that determines times, but the machine. */
const timedOn = (open: OpenSweep): object => {
  const { batch, backend = null, executor = null, precision = null, network } = open.sweep
  return { network, batch, backend, executor, precision, seed: open.seed, plans: [...rowsOf(open).keys()].sort() }
}

/** What the plans of a sweep took when they were timed. */
export const sweepTimes = (open: OpenSweep, out: string): Promise<SweepTimes | undefined> =>
  readKept(out, 'times', timedOn(open), Times)

/** Times the plans, unless that is done. @throws EspalierError where nothing runs them */
export const timePlans = async (
  open: OpenSweep,
  out: string,
  time: TimeOfPlans,
  onBegin: (plans: number) => void,
): Promise<void> => {
  if ((await sweepTimes(open, out)) !== undefined) return
  const rows = rowsOf(open)
  onBegin(rows.size)
  const [network] = open.networks.values()
  await writeKept(out, 'times', timedOn(open), await time(network, [...rows.values()]))
}
