import type { either as E, taskEither as TE } from 'fp-ts'
import { EspalierError, type Problem, problem } from '../../ir/error.ts'
import { isRefusedByMachine, writingReason } from './file-error.ts'

/** Problems of files and arguments at the level of whole commands. */
export type SourceProblem = Problem<
  | 'unknown-network-form'
  | 'missing-file'
  | 'malformed-file'
  | 'wrong-size'
  | 'not-a-number'
  | 'disposed'
  | 'bad-input'
  | 'unwritable-file'
  | 'folder-in-use'
  | 'no-such-option'
>

export const sourceProblem = (
  tag: SourceProblem['tag'],
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): SourceProblem => problem(tag, where, seen, expected, hint)

export const cannotWrite = (path: string, error: unknown): EspalierError =>
  new EspalierError(
    [sourceProblem('unwritable-file', path, writingReason(error), 'a place that can be written to')],
    isRefusedByMachine(error) ? 'failure' : 'usage',
  )

/** The value, or an EspalierError thrown: how the public interface reports bad input. */
export const orThrow = <A>(result: E.Either<Problem | readonly Problem[], A>): A => {
  if (result._tag === 'Right') return result.right
  throw new EspalierError(Array.isArray(result.left) ? result.left : [result.left as Problem])
}

export const orThrowAsync = async <A>(task: TE.TaskEither<Problem | readonly Problem[], A>): Promise<A> =>
  orThrow(await task())
