import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ShardNumber } from '../experiment/shards/shard.ts'
import { shardOption, wholeNumber } from './options.ts'

/** What {@link onOptions} parse to. */
export interface OnFlags {
  readonly shard?: ShardNumber
  /** The address of a Ray cluster. */
  readonly on?: string
  readonly jobs?: number
  readonly shared?: string
  readonly jobCpus: number
  readonly jobGpus: number
  readonly jobCommand: string
}

const scheme = 'ray:'

const parseEngine = (text: string): string => {
  const address = text.slice(scheme.length)
  if (!text.startsWith(scheme) || !/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new InvalidArgumentError('Expected ray: and the address of Ray’s Jobs API, as ray:http://127.0.0.1:8265.')
  return address
}

const numberFromZero = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Expected a number from 0.')
  return value
}

/** The flags of commands that are divided: a part of the work, or all of it on a cluster. */
export const onOptions = (c: Command): Command =>
  c
    .addOption(shardOption())
    .addOption(
      new Option('--on <ray:URL>', 'divide the work into jobs of a Ray cluster, ray:http://HOST:8265').argParser(
        parseEngine,
      ),
    )
    .addOption(
      new Option('--jobs <n>', 'with --on: into so many (default: 4; of a sweep one a training)').argParser(
        wholeNumber(1),
      ),
    )
    .option('--shared <dir>', 'with --on: a folder for their results that the jobs see, too (default: that of --out)')
    .addOption(
      new Option('--job-cpus <n>', 'with --on: cores that a job reserves').argParser(numberFromZero).default(1),
    )
    .addOption(new Option('--job-gpus <n>', 'with --on: GPUs that a job reserves').argParser(numberFromZero).default(0))
    .option(
      '--job-command <words>',
      'with --on: how jobs call espalier, in the folder that this is called in',
      'npx espalier',
    )
