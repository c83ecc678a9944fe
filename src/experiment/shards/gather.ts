import { isDeepStrictEqual } from 'node:util'
import { either as E } from 'fp-ts'
import { decodeErrors, EspalierError, type Problem, problem } from '../../../ir/index.ts'
import { orThrow, orThrowAsync } from '../../base/error.ts'
import { packageVersion } from '../../base/package.ts'
import { sealKey } from '../../base/seal.ts'
import { readSealedJson } from '../../base/sealed-json.ts'
import { printShard, Shard } from './shard.ts'

export type ShardProblem = Problem<'no-shard' | 'mixed-shards' | 'missing-shard' | 'doubled-shard' | 'unfinished-shard'>

/** A shard and the file that it was read from. */
export interface ShardFile {
  readonly path: string
  readonly shard: Shard
}

const again = 'run this shard again'

/** The shard that a file is of. @throws EspalierError where it is none, or not as it was written */
export const readShard = async (path: string): Promise<ShardFile> => {
  const json = await orThrowAsync(readSealedJson(path, again))
  const refuse = (tag: ShardProblem['tag'], seen: string, expected: string, hint?: string): never =>
    orThrow(E.left(problem(tag, path, seen, expected, hint)))
  const { shard, interrupted, [sealKey]: sealed } = Object(json) as Readonly<Record<string, unknown>>
  if (shard === undefined || sealed === undefined)
    return refuse('no-shard', 'no shard', 'what --shard i/n writes to --out, or prints under --json')
  const decoded = Shard.decode(shard)
  if (E.isLeft(decoded)) {
    const [{ path: key, seen, expected }] = decodeErrors(decoded.left)
    return refuse('no-shard', `shard.${key}: ${seen}`, expected, again)
  }
  const { version } = decoded.right.facts
  if (version !== packageVersion)
    return refuse('mixed-shards', `a shard of version ${String(version)}`, packageVersion, 'merge with that version')
  if (interrupted === true) return refuse('unfinished-shard', 'a shard that was interrupted', 'a whole one', again)
  return { path, shard: decoded.right }
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Where a shard is of something else than the first one. */
const differences = (first: ShardFile, { path, shard }: ShardFile): readonly ShardProblem[] => {
  const [own, others] = [shard, first.shard].map(({ command, of, facts }) => ({ command, shards: of, ...facts }))
  const keys = [...new Set([...Object.keys(others), ...Object.keys(own)])] as readonly (keyof typeof own)[]
  return keys
    .filter(key => !isDeepStrictEqual(own[key], others[key]))
    .slice(0, 1)
    .map(key =>
      problem(
        'mixed-shards',
        path,
        `${key} ${shown(own[key] ?? 'unknown')}`,
        `${shown(others[key] ?? 'unknown')}, as ${first.path} has it`,
        'shards of one command',
      ),
    )
}

/** Shards that are missing, and those that come twice. */
const miscounted = (files: readonly ShardFile[]): readonly ShardProblem[] => {
  const [{ shard }] = files
  return Array.from({ length: shard.of }, (_, index) => index).flatMap((index): readonly ShardProblem[] => {
    const name = printShard({ index, of: shard.of })
    const [first, second] = files.filter(file => file.shard.index === index)
    if (first === undefined) return [problem('missing-shard', name, 'no file of this shard', 'one of each')]
    if (second === undefined) return []
    return [problem('doubled-shard', name, `${first.path} and ${second.path}`, 'one file of each shard')]
  })
}

/** Shards in their order. @throws EspalierError where they are not the shards of one work, each once */
export const gatherShards = (files: readonly ShardFile[]): readonly ShardFile[] => {
  const [first, ...others] = files
  const mixed = others.flatMap(other => differences(first, other))
  const problems = mixed.length > 0 ? mixed : miscounted(files)
  if (problems.length > 0) throw new EspalierError(problems)
  return [...files].sort((a, b) => a.shard.index - b.shard.index)
}
