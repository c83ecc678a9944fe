import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EspalierError } from '../../ir/index.ts'
import { cannotWrite, sourceProblem } from '../base/error.ts'
import { besidePath, putInPlace, sweepBeside } from '../base/put-in-place.ts'
import type { ShardFile } from '../experiment/shards/gather.ts'
import { type RunPart, sha256Of } from './run-shards.ts'

const refuse = (where: string, seen: string, expected: string, hint: string): EspalierError =>
  new EspalierError([sourceProblem('missing-file', where, seen, expected, hint)])

/** Where a shard's predictions lie: where it wrote them, or, moved together, beside its file. @throws EspalierError where they are not as it wrote them */
const predictionsOf = async ({ path, shard }: ShardFile): Promise<string> => {
  const { predictions } = shard.part as RunPart
  if (predictions === undefined)
    throw refuse(path, 'no predictions', 'a shard that was run with --predictions', 'run it again with --predictions')
  const places = [predictions.path, join(dirname(path), basename(predictions.path))]
  const found = places.find(existsSync)
  if (found === undefined)
    throw refuse(predictions.path, 'no file', `the predictions of ${path}`, `put it beside ${path}`)
  if ((await sha256Of(found)) === predictions.sha256) return found
  throw refuse(found, 'other predictions', `those that ${path} was written with`, 'run this shard again')
}

async function* bytesOf(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) yield* createReadStream(path)
}

/** Writes the predictions of all shards, in their order, as one file. @throws EspalierError where some are not there, or it cannot be written */
export const joinPredictions = async (shards: readonly ShardFile[], path: string): Promise<void> => {
  const parts: string[] = []
  for (const shard of shards) parts.push(await predictionsOf(shard))
  await sweepBeside(path)
  const made = await besidePath(path, 'new')
  try {
    await pipeline(bytesOf(parts), createWriteStream(made, { flags: 'wx' }))
    await putInPlace(made, path)
  } catch (error) {
    await rm(made, { force: true })
    throw cannotWrite(path, error)
  }
}
