import { EspalierError, problem } from '../../ir/index.ts'
import { counted } from '../base/format.ts'
import { lockFolder } from '../base/lock-folder.ts'
import { ClusterError, rayJobs } from '../experiment/cluster/jobs-api.ts'
import { type JobEvent, runJobs, type Task } from '../experiment/cluster/run-jobs.ts'
import { readShard } from '../experiment/shards/gather.ts'
import type { ShardNumber } from '../experiment/shards/shard.ts'
import type { Division } from './division.ts'
import { untilInterrupted } from './interrupt.ts'
import { mergeShards } from './merge-shards.ts'
import type { OnFlags } from './on-options.ts'
import { type CommandOutput, exitCodes, failure } from './output.ts'
import { type BarParts, progressBar } from './progress-bar.ts'
import { quoted } from './provenance.ts'

/** Whether the file of a shard is there and whole. */
const isShard = async (path: string, { index, of }: ShardNumber): Promise<boolean> => {
  try {
    const { shard } = await readShard(path)
    return shard.index === index && shard.of === of
  } catch (error) {
    if (error instanceof EspalierError) return false
    throw error
  }
}

/** Of what a cluster says; the job's own lines are told. */
const firstLine = (reason: string): string => reason.trim().split('\n')[0]

const lineOf = (event: JobEvent): string => {
  switch (event.event) {
    case 'line':
      return `${event.task.name}: ${event.line}`
    case 'done':
      return `${event.task.name}: done.`
    case 'again':
      return `${event.task.name}: tried again: ${firstLine(event.reason)}`
    case 'failed':
      return `${event.task.name}: failed: ${firstLine(event.reason)}`
    case 'unreachable':
      return `Nobody answers (${event.reason}); it goes on when somebody does.`
  }
}

const parts: BarParts<{ readonly running: number }> = (done, total, { running }) => [
  `${done}/${total} jobs done`,
  `${running} running`,
]

/** Has a cluster do what is missing of the parts, with one view of how far they are. Whether all of them are there. @throws EspalierError */
const doParts = async (address: string, tasks: readonly Task[], out: CommandOutput): Promise<boolean> => {
  const bar = progressBar(out, parts, { foretold: false })
  const { failed, interrupted } = await untilInterrupted(signal =>
    runJobs(rayJobs(address, process.env.RAY_AUTH_TOKEN), tasks, {
      signal,
      onEvent: event => out.note(lineOf(event)),
      onCounts: ({ done, running, total }) => bar.at(done, total, { running }),
    }),
  )
    .catch(error => {
      if (!(error instanceof ClusterError)) throw error
      throw failure([problem('no-cluster', `--on ray:${address}`, error.message, 'Ray’s Jobs API', 'ray start --head')])
    })
    .finally(bar.stop)
  if (failed.length === 0) return !interrupted
  const names = failed.map(({ name }) => name).join(', ')
  const [seen, expected, hint] = ['no result', 'a job that ends with one', 'the same command goes on']
  throw failure([problem('failed-jobs', names, seen, expected, hint)])
}

/** Divides work into jobs of a cluster, and makes one result of theirs. @throws EspalierError */
export const runOn = async (
  { address, jobs, folder, fileOf, argsOf, merge, clear, keeps }: Division,
  { jobCpus: cpus, jobGpus: gpus, jobCommand }: OnFlags,
  out: CommandOutput,
): Promise<void> => {
  const shards = Array.from({ length: jobs }, (_, index): ShardNumber => ({ index, of: jobs }))
  const tasks = shards.map(
    (shard): Task => ({
      name: `Job ${shard.index + 1}/${jobs}`,
      command: `cd ${quoted(process.cwd())} && exec ${jobCommand} ${argsOf(shard).map(quoted).join(' ')} >/dev/null`,
      ...{ cpus, gpus },
      isDone: () => isShard(fileOf(shard), shard),
    }),
  )
  const unlock = await lockFolder(folder)
  try {
    if (!keeps) await clear()
    out.note(`${counted(jobs, 'job')} for ${address}.`)
    if (!(await doParts(address, tasks, out))) {
      out.note('Interrupted: the jobs are stopped; the same command goes on.')
      return out.terminal.exitWith(exitCodes.failed)
    }
    await mergeShards(await Promise.all(shards.map(shard => readShard(fileOf(shard)))), merge, out)
    await clear()
  } finally {
    await unlock()
  }
}
