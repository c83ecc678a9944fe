import { join } from 'node:path'
import { lockFolder } from '../base/lock-folder.ts'
import { type Shard, type ShardNumber, shardFileName, shardHas, shardJson } from '../experiment/shards/shard.ts'
import { sweepFacts } from '../experiment/sweep/jobs.ts'
import type { OpenSweep } from '../experiment/sweep/open.ts'
import { type SweepPart, type SweepResult, sweepPart, sweepResult } from '../experiment/sweep/result.ts'
import { writeJson } from '../experiment/sweep/store.ts'
import { runSweep, type SweepEvent } from '../experiment/sweep/sweep.ts'
import { describeTrainings } from '../experiment/sweep/text.ts'
import { sweepWork } from '../experiment/sweep/work.ts'
import { noteAssumptions } from '../open/opening.ts'
import type { Page } from '../report/page/section.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { untilInterrupted } from './interrupt.ts'
import { type CommandOutput, exitCodes, type Output } from './output.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, writeReports } from './report-files.ts'
import { giveResult } from './shard-output.ts'
import { skippedNote } from './training-progress.ts'

/** A line on a step of a sweep; none for what is too small. */
const lineOf = (event: SweepEvent, left: () => string): string | undefined => {
  if (event.event === 'time') return `Timing ${event.plans} plans.`
  const { of, training } = event
  const name = `[${of.number}/${of.total}] ${training.name}, seed ${training.seed}`
  switch (event.event) {
    case 'begin':
      return `${name}: begins.`
    case 'training': {
      const { what } = event
      if (what.event === 'start' && what.firstStep > 0)
        return `${name}: goes on after step ${what.firstStep} of ${what.steps}.`
      if (what.event === 'skipped') return `${name}: ${skippedNote(what)}`
      return what.event === 'epoch'
        ? `${name}: epoch ${what.epoch}, loss ${what.loss.toFixed(3)}, ${what.seconds.toFixed(0)} s.`
        : undefined
    }
    case 'evaluate':
      return `${name}: trained; evaluating.`
    case 'done':
      return `${name}: done${left()}.`
    case 'failed':
      return `${name}: failed: ${event.reason}`
  }
}

/** Tells how a sweep goes on, and about how long it will take if trainings take what they took so far. */
const telling = (note: Output['note']) => {
  const begun = performance.now()
  let ended = 0
  return (event: SweepEvent): void => {
    if (event.event === 'done' || event.event === 'failed') ended++
    const line = lineOf(event, () => {
      const remaining = event.event === 'done' ? event.of.total - event.of.number : 0
      const minutes = ((performance.now() - begun) / ended / 60_000) * remaining
      return remaining === 0 ? '' : `; about ${Math.ceil(minutes)} min left`
    })
    if (line !== undefined) note(line)
  }
}

interface SweepFlags extends ReportFlags {
  /** The folder of trainings and results. */
  readonly out: string
  readonly list?: boolean
  readonly shard?: ShardNumber
}

/** What becomes of a sweep's result. */
export interface SweepView<R extends SweepResult> {
  readonly of: (result: SweepResult) => R
  readonly page: (result: R) => Page
  readonly text: (result: R) => string
}

/** Writes the pages of a sweep's result, prints it, and says what is not done, which fails it. @throws EspalierError */
export const tellSweep = async <R extends SweepResult>(
  result: R,
  reports: ReportFlags,
  out: CommandOutput,
  view: Pick<SweepView<R>, 'page' | 'text'>,
  shard?: Shard,
): Promise<void> => {
  if (result.table.length > 0) await writeReports(reports, view.page(result), out)
  await giveResult(undefined, { result, text: () => view.text(result), shard }, out)
  const { trainings, interrupted = false } = result
  const failed = trainings.filter(({ status }) => status === 'failed').length
  if (failed > 0) out.note(`${failed} of ${trainings.length} trainings failed; the same command tries them again.`)
  if (interrupted) out.note('Interrupted; the same command goes on.')
  if (failed > 0 || interrupted) out.terminal.exitWith(exitCodes.failed)
}

/** The file of a sweep's result in its folder. */
const resultFile = (folder: string, shard: ShardNumber | undefined): string =>
  join(folder, shard === undefined ? 'result.json' : shardFileName(shard))

/**
 * Does what is left of a sweep, or of a shard of it, and tells how it goes on; then writes and prints what there is of it. With `--list` it does nothing
 * but say how far everything has come. Shards share a folder, and hold one training at a time.
 */
export const watchSweep = async <R extends SweepResult>(
  open: OpenSweep,
  { out: folder, list, shard: number, ...reports }: SweepFlags,
  out: CommandOutput,
  view: SweepView<R>,
): Promise<void> => {
  const begun = performance.now()
  const found = () =>
    sweepPart(open, folder, (performance.now() - begun) / 1000, k => number === undefined || shardHas(number, k))
  const viewed = (part: SweepPart, interrupted: boolean): R =>
    view.of(sweepResult(part, { ...provenance(out.terminal, open.sweep.seeds), interrupted }))
  if (list === true) {
    const result = viewed(await found(), false)
    return out.result(result, () => describeTrainings(result))
  }
  const file = resultFile(folder, number)
  await prepareFile(file)
  await prepareReports(reports)
  const [network] = open.networks.values()
  noteAssumptions(network, out.note)
  const unlock = number === undefined ? await lockFolder(folder) : undefined
  const work = async () => {
    const { interrupted } = await untilInterrupted(signal =>
      runSweep(open, folder, sweepWork(open), { shard: number, signal, onEvent: telling(out.note) }),
    )
    const part = await found()
    const result = viewed(part, interrupted)
    const shard = number && { command: 'sweep' as const, ...number, facts: sweepFacts(open), part }
    await (shard === undefined ? writeJson(file, result) : writeWhole(file, shardJson(result, shard, 1)))
    return { result, shard }
  }
  const { result, shard } = await work().finally(unlock)
  await tellSweep(result, reports, out, view, shard)
}
