import { readFile } from 'node:fs/promises'
import { either as E, type taskEither as TE } from 'fp-ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { fileReason } from './file-error.ts'

/** Text of a file: a problem where it cannot be read. */
export const readText =
  (path: string): TE.TaskEither<readonly SourceProblem[], string> =>
  async () => {
    try {
      return E.right(await readFile(path, 'utf8'))
    } catch (error) {
      return E.left([sourceProblem('missing-file', path, fileReason(error), 'a file that can be read')])
    }
  }

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
    E.flatMap((text: string) => parseJson(path, text))(await readText(path)())
