import { basename, extname, join } from 'node:path'
import type { Command } from 'commander'
import type { ShardNumber } from '../experiment/shards/shard.ts'
import { readSweep } from '../experiment/sweep/config.ts'
import { openSweep } from '../experiment/sweep/open.ts'
import type { SweepResult } from '../experiment/sweep/result.ts'
import { asTrained } from '../experiment/sweep/table.ts'
import { describeSweep } from '../experiment/sweep/text.ts'
import { sweepPage } from '../report/page/sweep-page.ts'
import { command, shardOption } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import { type ReportFlags, reportOptions } from './report-files.ts'
import type { Terminal } from './terminal.ts'
import { type SweepView, watchSweep } from './watched-sweep.ts'

interface SweepFlags extends CommonOptions, ReportFlags {
  readonly out?: string
  readonly list?: boolean
  readonly shard?: ShardNumber
}

/** A word on what the page shows. */
const notesOf = ({ trainings, images, recipe, config }: SweepResult): readonly string[] => [
  `${trainings.length} trainings on ${images.train} images, ${config.max_steps === undefined ? `${recipe.epochs} epochs` : `${config.max_steps} steps`} each${config.weights === undefined ? '' : `, from ${config.weights}`}; errors on ${images.evaluate} images. Times are of one batch of ${config.batch}, over vanilla's.`,
]

export const sweepView: SweepView<SweepResult> = {
  of: result => result,
  page: result => sweepPage({ ...result, notes: notesOf(result) }, asTrained(result.table)),
  text: describeSweep,
}

/** `espalier sweep`: a grid of plans, reductions and seeds, trained and evaluated. */
export const sweepCommand = (terminal: Terminal): Command =>
  reportOptions(
    command(
      'sweep',
      'train and evaluate a grid of plans, reductions and seeds; what is done is not done again',
      'espalier sweep sweep.json --out runs/sweep --html sweep.html',
    ),
  )
    .argument('<config>', 'the grid: a JSON file, see docs/experiments.md')
    .option('--out <dir>', 'the folder of its trainings and results (default: runs/ and the name of the file)')
    .option('--list', 'how far each training has come, without doing anything')
    .addOption(shardOption())
    .action(async (config: string, { out = join('runs', basename(config, extname(config))), ...flags }: SweepFlags) => {
      const open = await openSweep(await readSweep(config), config, { seed: flags.seed })
      await watchSweep(open, { ...flags, out }, output(flags, terminal), sweepView)
    })
