import type { Command } from 'commander'
import { readShard, type ShardFile } from '../experiment/shards/gather.ts'
import { about } from './about.ts'
import { type MergeFlags, mergeShards } from './merge-shards.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import { reportOptions } from './report-files.ts'
import type { Terminal } from './terminal.ts'

/** `espalier merge`: the shards of a run, an impact or a sweep become its result. */
export const mergeCommand = (terminal: Terminal): Command =>
  reportOptions(command('merge', about.merge, 'espalier merge shard-0.json shard-1.json shard-2.json --out whole.json'))
    .argument('<files...>', 'what --shard i/n wrote to --out or printed under --json: one file of each shard')
    .option('--predictions <file>', 'the predictions of all images, where the shards of a run have theirs')
    .option('--out <file>', 'the JSON result as a file, too')
    .action(async (files: readonly string[], flags: MergeFlags & CommonOptions) => {
      const found: ShardFile[] = []
      for (const path of files) found.push(await readShard(path))
      await mergeShards(found, flags, output(flags, terminal))
    })
