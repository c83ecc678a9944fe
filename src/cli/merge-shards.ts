import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { type ImpactCounts, joinImpact } from '../experiment/impact/impact.ts'
import { gatherShards, type ShardFile } from '../experiment/shards/gather.ts'
import { joinSweep, type SweepPart, sweepResult } from '../experiment/sweep/result.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { tellImpact } from './impact-result.ts'
import { joinPredictions } from './join-predictions.ts'
import type { CommandOutput } from './output.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags } from './report-files.ts'
import { tellRun } from './run-result.ts'
import { joinRuns, type RunPart } from './run-shards.ts'
import { sweepView } from './sweep-view.ts'
import { tellSweep } from './watched-sweep.ts'

export interface MergeFlags extends ReportFlags {
  readonly predictions?: string
  readonly out?: string
}

/** Refuses flags that this kind of work has nothing for. */
const checkFlags = (flags: MergeFlags, unknown: readonly (keyof MergeFlags)[], of: string): void => {
  const strange = unknown.find(flag => flags[flag] !== undefined)
  if (strange === undefined) return
  throw new EspalierError([sourceProblem('bad-input', `--${strange}`, `shards of ${of}`, `no --${strange}`)])
}

/** Writes and prints the whole that shards are of. @throws EspalierError where they are not all of one work, each once */
export const mergeShards = async (found: readonly ShardFile[], flags: MergeFlags, out: CommandOutput) => {
  const shards = gatherShards(found)
  const [{ shard }] = shards
  const parts = shards.map(({ shard: { part } }) => part)
  checkFlags(flags, shard.command === 'run' ? ['html', 'svg'] : ['predictions'], shard.command)
  for (const path of [flags.out, flags.predictions]) if (path !== undefined) await prepareFile(path)
  await prepareReports(flags)
  switch (shard.command) {
    case 'run': {
      if (flags.predictions !== undefined) await joinPredictions(shards, flags.predictions)
      await tellRun(joinRuns((parts as readonly RunPart[]).map(({ ran }) => ran)), flags.out, out)
      return
    }
    case 'impact': {
      const { seed } = shard.facts as { readonly seed: number }
      return tellImpact(joinImpact(parts as readonly ImpactCounts[]), { ...flags, seed }, out)
    }
    case 'sweep': {
      const part = joinSweep(parts as readonly SweepPart[])
      const result = sweepResult(part, { ...provenance(out.terminal, part.config.seeds), interrupted: false })
      if (flags.out !== undefined) await writeWhole(flags.out, `${JSON.stringify(result, null, 1)}\n`)
      return tellSweep(result, flags, out, sweepView)
    }
  }
}
