import { basename, extname, join } from 'node:path'
import type { Command } from 'commander'
import { orThrowAsync } from '../error.ts'
import { type OpenSweep, openSweep } from '../experiment/open-sweep.ts'
import { runSweep, type SweepEvent } from '../experiment/sweep.ts'
import { readSweep } from '../experiment/sweep-config.ts'
import { type SweepResult, sweepResult } from '../experiment/sweep-result.ts'
import { writeJson } from '../experiment/sweep-store.ts'
import { asTrained } from '../experiment/sweep-table.ts'
import { describeSweep, describeTrainings } from '../experiment/sweep-text.ts'
import { sweepWork } from '../experiment/sweep-work.ts'
import { sweepPage } from '../report/page/sweep-page.ts'
import { prepareFile } from './destination.ts'
import { untilInterrupted } from './interrupt.ts'
import { command } from './options.ts'
import { type CommonOptions, exitCodes, type Output, output } from './output.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, reportOptions, writeReports } from './report-files.ts'

interface SweepFlags extends CommonOptions, ReportFlags {
  readonly out?: string
  readonly list?: boolean
}

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
      if (what.event === 'start' && what.first_step > 0)
        return `${name}: goes on after step ${what.first_step} of ${what.steps}.`
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

/** A word on what the page shows. */
const notesOf = ({ trainings, images, recipe, config }: SweepResult): readonly string[] => [
  `${trainings.length} trainings on ${images.train} images, ${config.max_steps === undefined ? `${recipe.epochs} epochs` : `${config.max_steps} steps`} each, evaluated on ${images.evaluate} images. Times are of one batch of ${config.batch}, over vanilla's.`,
]

const write = async (
  open: OpenSweep,
  path: string,
  flags: SweepFlags,
  result: SweepResult,
  out: Output,
): Promise<void> => {
  await writeJson(join(path, 'result.json'), result)
  if (result.table.length > 0)
    await writeReports(flags, sweepPage({ ...result, notes: notesOf(result) }, asTrained(result.table)), out)
  const { trainings } = result
  const failed = trainings.filter(({ status }) => status === 'failed').length
  if (failed > 0) out.note(`${failed} of ${open.trainings.length} trainings failed; the same command tries them again.`)
  if (result.interrupted === true) out.note('Interrupted; the same command goes on.')
  if (failed > 0 || result.interrupted === true) process.exitCode = exitCodes.failed
}

/** `espalier sweep`: a grid of plans, reductions and seeds, trained and evaluated. */
export const sweepCommand = (): Command =>
  reportOptions(
    command(
      'sweep',
      'train and evaluate a grid of plans, reductions and seeds; what is done is not done again',
      'espalier sweep sweep.json --out runs/sweep --html sweep.html',
    ),
  )
    .argument('<config>', 'the grid: a JSON file, see docs/experiments.md')
    .option('--out <dir>', 'the folder of its trainings and results (default: runs/ and the name of the file)')
    .option('--list', 'what there is and how far it has come, without doing anything')
    .action(async (config: string, flags: SweepFlags) => {
      const out = output(flags)
      const begun = performance.now()
      const path = flags.out ?? join('runs', basename(config, extname(config)))
      const open = await openSweep(await orThrowAsync(readSweep(config)), config, { seed: flags.seed })
      const result = (interrupted: boolean): Promise<SweepResult> => {
        const seconds = (performance.now() - begun) / 1000
        return sweepResult(open, path, { ...provenance(open.sweep.seeds), seconds, interrupted })
      }
      if (flags.list === true) {
        const found = await result(false)
        return out.result(found, () => describeTrainings(found))
      }
      await prepareFile(join(path, 'result.json'))
      await prepareReports(flags)
      const { interrupted } = await untilInterrupted(signal =>
        runSweep(open, path, sweepWork(open), { signal, onEvent: telling(out.note) }),
      )
      const done = await result(interrupted)
      await write(open, path, flags, done, out)
      out.result(done, () => describeSweep(done))
    })
