import { readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep, win32 } from 'node:path'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { problem } from '../../../../ir/index.ts'
import { listed } from '../../../base/format.ts'
import type { ImportProblem } from '../error.ts'

/** A file that was found to lie in the model's folder. */
interface Shard {
  readonly path: string
  readonly bytes: number
}

const leaves = (from: string, to: string): boolean => {
  const way = relative(from, to)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

const fileProblem = (where: string, cause: unknown): ImportProblem => {
  const { code, message } = cause as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? problem('missing-file', where, 'no such file', 'a file that the model names', 'fetch all files of the model')
    : problem('unreadable-file', where, String(message ?? cause), 'a readable file')
}

const outside = (folder: string, path: string, seen: string): ImportProblem =>
  problem('outside-folder', path, seen, `a file in ${folder}`, 'copy the shards into the folder of model.json')

/** Finds a shard, which may be named by anybody: only a file in the model's own folder, links followed, will do. */
const locate = (folder: string, path: string): TE.TaskEither<ImportProblem, Shard> => {
  const file = resolve(folder, path)
  if (isAbsolute(path) || win32.isAbsolute(path)) return TE.left(outside(folder, path, 'an absolute path'))
  if (leaves(folder, file)) return TE.left(outside(folder, path, 'a path that climbs out of the folder'))
  return F.pipe(
    TE.tryCatch(
      async () => ({ home: await realpath(folder), path: await realpath(file) }),
      cause => fileProblem(file, cause),
    ),
    TE.flatMap(found =>
      leaves(found.home, found.path)
        ? TE.left(outside(folder, path, 'a link out of the folder'))
        : TE.tryCatch(
            async () => {
              const entry = await stat(found.path)
              if (!entry.isFile()) throw new Error('something that is not a file')
              return { path: found.path, bytes: entry.size }
            },
            cause => fileProblem(file, cause),
          ),
    ),
  )
}

/**
 * The bytes of a group's shards, end to end. Nothing is read before the files' sizes add up to `expected`.
 *
 * @param folder the folder of `model.json`: no other is read from
 */
export const readShards = (
  folder: string,
  paths: readonly string[],
  expected: number,
): TE.TaskEither<readonly ImportProblem[], Uint8Array> =>
  F.pipe(
    TE.fromTask(() => Promise.all(paths.map(path => locate(folder, path)()))),
    TE.flatMapEither(found => {
      const problems = found.flatMap(shard => (E.isLeft(shard) ? [shard.left] : []))
      return problems.length > 0
        ? E.left(problems)
        : E.right(found.flatMap(shard => (E.isRight(shard) ? [shard.right] : [])))
    }),
    TE.flatMap(shards => {
      const seen = shards.reduce((n, shard) => n + shard.bytes, 0)
      return seen === expected
        ? TE.tryCatch(
            () => concatenated(shards, expected),
            cause => [fileProblem(folder, cause)],
          )
        : TE.left([
            problem(
              'wrong-weights',
              listed(paths.map(path => resolve(folder, path))),
              `${seen} bytes`,
              `${expected} bytes for the tensors that weightsManifest lists`,
              'a shard may be cut short: fetch it again',
            ),
          ])
    }),
  )

const concatenated = async (shards: readonly Shard[], expected: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(expected)
  let at = 0
  for (const shard of shards) {
    const part = await readFile(shard.path)
    if (part.length !== shard.bytes) throw new Error(`${shard.path} changed while it was read`)
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
