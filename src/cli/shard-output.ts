import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { type Shard, type ShardNumber, shardJson } from '../experiment/shards/shard.ts'
import { writeWhole } from './destination.ts'
import type { Output } from './output.ts'

/** What a command found, and for a shard what merging takes beside it. */
export interface Finding {
  readonly result: object
  readonly text: () => string
  readonly shard?: Shard | undefined
}

/** Writes a result to the file that `--out` names, and prints it. @throws EspalierError */
export const giveResult = async (path: string | undefined, { result, text, shard }: Finding, out: Output) => {
  const plain = (): string => `${JSON.stringify(result, null, 2)}\n`
  if (path !== undefined) await writeWhole(path, shard === undefined ? plain() : shardJson(result, shard, 2))
  out.result(shard === undefined ? result : JSON.parse(Buffer.from(shardJson(result, shard, 0)).toString()), text)
}

/** Refuses to make more parts of images than there are. @throws EspalierError */
export const checkShard = ({ index, of }: ShardNumber, images: number): void => {
  if (of <= images) return
  const seen = `${of} shards of ${images} images`
  throw new EspalierError([sourceProblem('bad-input', `--shard ${index}/${of}`, seen, `${images} shards at most`)])
}
