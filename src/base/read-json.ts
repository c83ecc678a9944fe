import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { readText } from './read-text.ts'

/** JSON of text; `path` names it in problems. */
export const parseJson = (path: string, text: string): E.Either<readonly SourceProblem[], unknown> => {
  try {
    return E.right(JSON.parse(text))
  } catch (error) {
    return E.left([sourceProblem('malformed-file', path, (error as Error).message, 'JSON')])
  }
}

/** JSON of a file: a problem where there is none, or it is not JSON. */
export const readJson =
  (path: string): TE.TaskEither<readonly SourceProblem[], unknown> =>
  async () =>
    F.pipe(
      await readText(path)(),
      E.mapLeft(problem => [problem]),
      E.flatMap(text => parseJson(path, text)),
    )
