import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { joinEvaluations } from '../experiment/evaluation.ts'
import { joinTimes } from '../experiment/time-over.ts'
import type { Ran } from './run-result.ts'

/** A file with the predictions of a shard. */
export interface ShardPredictions {
  readonly path: string
  readonly sha256: string
}

/** What a shard of `run` has for the whole. */
export interface RunPart {
  readonly ran: Ran
  readonly predictions?: ShardPredictions
}

export const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** The part of a run, and where its predictions are. */
export const runPart = async (
  { compiled: { network, plan, stages, schedule, multiplyAdds }, model, data, ...ran }: Ran,
  predictions: string | undefined,
): Promise<RunPart> => ({
  ran: {
    ...ran,
    compiled: { network, plan, stages, schedule, multiplyAdds },
    model: { backend: model.backend, executor: model.executor, precision: model.precision, choice: model.choice },
    data: { count: data.count, classCount: data.classCount, notes: data.notes, labelled: data.labelled },
  },
  ...(predictions === undefined
    ? {}
    : { predictions: { path: resolve(predictions), sha256: await sha256Of(predictions) } }),
})

/** The run of which these are the parts, in their order. */
export const joinRuns = (parts: readonly Ran[]): Ran => {
  const float32 = parts.flatMap(part => part.float32 ?? [])
  const times = parts.flatMap(({ time }) => time ?? [])
  return {
    ...parts[0],
    done: joinEvaluations(parts.map(({ done }) => done)),
    float32: float32.length === 0 ? undefined : joinEvaluations(float32),
    time: times.length === 0 ? undefined : joinTimes(times),
  }
}
