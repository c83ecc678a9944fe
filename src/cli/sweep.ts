import { basename, extname, join } from 'node:path'
import type { Command } from 'commander'
import { function as F } from 'fp-ts'
import { readSweep } from '../experiment/sweep/config.ts'
import { openSweep } from '../experiment/sweep/open.ts'
import { about } from './about.ts'
import { dividedSweep } from './division.ts'
import { type OnFlags, onOptions } from './on-options.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import { type ReportFlags, reportOptions } from './report-files.ts'
import { runOn } from './run-on.ts'
import { sweepView } from './sweep-view.ts'
import type { Terminal } from './terminal.ts'
import { watchSweep } from './watched-sweep.ts'

interface SweepFlags extends CommonOptions, ReportFlags, OnFlags {
  readonly out?: string
  readonly list?: boolean
}

/** `espalier sweep`: a grid of plans, reductions and seeds, trained and evaluated. */
export const sweepCommand = (terminal: Terminal): Command =>
  F.pipe(
    command('sweep', about.sweep, 'espalier sweep sweep.json --out runs/sweep --html sweep.html'),
    reportOptions,
    onOptions,
  )
    .argument('<config>', 'the grid: a JSON file, see docs/experiments.md')
    .option('--out <dir>', 'the folder of its trainings and results (default: runs/ and the name of the file)')
    .option('--list', 'how far each training has come, without doing anything')
    .action(async (config: string, { out = join('runs', basename(config, extname(config))), ...flags }: SweepFlags) => {
      const open = await openSweep(await readSweep(config), config, { seed: flags.seed })
      const to = output(flags, terminal)
      if (flags.on === undefined || flags.list === true) return watchSweep(open, { ...flags, out }, to, sweepView)
      await runOn(dividedSweep(flags.on, { jobs: open.trainings.length, ...flags, out }, to), flags, to)
    })
