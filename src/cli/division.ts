import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { packageVersion } from '../base/package.ts'
import { printShard, type ShardNumber, shardFileName } from '../experiment/shards/shard.ts'
import type { MergeFlags } from './merge-shards.ts'
import type { OnFlags } from './on-options.ts'
import type { CommandOutput } from './output.ts'

/** Work as jobs: where each puts its shard, and what else it is called with. */
export interface Division {
  readonly address: string
  readonly jobs: number
  /** Of the results of jobs; kept until they are merged. */
  readonly folder: string
  readonly fileOf: (shard: ShardNumber) => string
  readonly argsOf: (shard: ShardNumber) => readonly string[]
  /** What becomes of the whole. */
  readonly merge: MergeFlags
  /** Takes away what earlier jobs left, once it is merged or where it is of no use. */
  readonly clear: () => Promise<void>
  /** Whether a file that an earlier call left counts. */
  readonly keeps: boolean
}

/** Flags that a job is not called with, by whether a value follows. */
const ownFlags: Readonly<Record<string, boolean>> = {
  ...{ '--on': true, '--jobs': true, '--shared': true, '--job-cpus': true, '--job-gpus': true, '--job-command': true },
  ...{ '--out': true, '--predictions': true, '--html': true, '--svg': true, '--json': false, '--quiet': false },
}

/** A command line without those flags. */
export const withoutOwnFlags = (args: readonly string[]): readonly string[] =>
  args.filter((word, k) => {
    const follows = k > 0 && ownFlags[args[k - 1]] === true
    return !follows && !Object.hasOwn(ownFlags, word.replace(/=.*/s, ''))
  })

/** A name for a call: another one where its words, this version, or a file that it names is another. */
const keyOf = (args: readonly string[]): string => {
  const facts = args.map(word => {
    const file = statSync(word, { throwIfNoEntry: false })
    return file === undefined ? word : `${word} ${file.size} ${file.mtimeMs}`
  })
  return createHash('sha256')
    .update([packageVersion, process.cwd(), ...facts].join('\n'))
    .digest('hex')
    .slice(0, 12)
}

const refuse = (where: string, seen: string, expected: string): EspalierError =>
  new EspalierError([sourceProblem('bad-input', where, seen, expected)])

/** Jobs are shards: there is no shard of them. @throws EspalierError */
const refuseShard = ({ shard }: Pick<OnFlags, 'shard'>): void => {
  if (shard !== undefined) throw refuse('--on', '--shard beside it', 'one of the two')
}

/** A command over images as jobs, each with some of them. @throws EspalierError where no folder is named for their results */
export const divided = (
  command: 'run' | 'impact',
  address: string,
  { jobs = 4, shared, out, predictions, ...flags }: OnFlags & MergeFlags,
  { terminal }: Pick<CommandOutput, 'terminal'>,
): Division => {
  refuseShard(flags)
  const place = shared ?? (out === undefined ? undefined : dirname(out))
  if (place === undefined) throw refuse('--on', 'no --shared', 'a folder that the jobs and this machine see')
  const args = withoutOwnFlags(terminal.args)
  const folder = resolve(place, `${command}-${keyOf([...args, String(jobs), String(predictions !== undefined)])}`)
  const fileOf = (shard: ShardNumber, type?: string): string => join(folder, shardFileName(shard, type))
  return {
    ...{ address, jobs, folder, fileOf, keeps: true },
    argsOf: shard => [
      ...args,
      ...['--quiet', '--shard', printShard(shard), '--out', fileOf(shard)],
      ...(predictions === undefined ? [] : ['--predictions', fileOf(shard, 'jsonl')]),
    ],
    merge: { out, predictions, html: flags.html, svg: flags.svg },
    clear: () => rm(folder, { recursive: true, force: true }),
  }
}

/** A sweep as jobs, each with some of the trainings, which its folder keeps. @throws EspalierError */
export const dividedSweep = (
  address: string,
  { jobs, shared, out, shard, html, svg }: OnFlags & MergeFlags & { readonly jobs: number; readonly out: string },
  { terminal }: Pick<CommandOutput, 'terminal'>,
): Division => {
  refuseShard({ shard })
  if (shared !== undefined) throw refuse('--shared', 'a sweep', '--out, where all of it goes')
  const folder = resolve(out)
  const fileOf = (shard: ShardNumber): string => join(folder, shardFileName(shard))
  const files = Array.from({ length: jobs }, (_, index) => fileOf({ index, of: jobs }))
  return {
    ...{ address, jobs, folder, fileOf, keeps: false },
    argsOf: each => [...withoutOwnFlags(terminal.args), '--shard', printShard(each), '--out', folder],
    merge: { out: join(folder, 'result.json'), html, svg },
    clear: async () => {
      for (const file of files) await rm(file, { force: true })
    },
  }
}
