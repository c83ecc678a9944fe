import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { readText } from './read-text.ts'

/** What people write that JSON does not have, and what to do about it. */
const mistakes: readonly (readonly [is: RegExp, hint: string])[] = [
  [/\/\/|\/\*|^\s*#/m, 'JSON has no comments: take them out'],
  [/,\s*[}\]]/, 'no comma after the last value'],
  [/'/, 'double quotes in place of single ones'],
]

/** A parser's error about text that is no JSON: what it saw, on one line, and what to try where that shows. */
export const notJson = (
  text: string,
  error: unknown,
): { readonly seen: string; readonly hint?: string | undefined } => {
  const outsideStrings = text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
  const hint = mistakes.find(([is]) => is.test(outsideStrings))?.[1]
  return { seen: (error as Error).message.replaceAll(/\s+/g, ' '), hint }
}

/** JSON of text; `path` names it in problems. */
export const parseJson = (path: string, text: string): E.Either<readonly SourceProblem[], unknown> => {
  try {
    return E.right(JSON.parse(text))
  } catch (error) {
    const { seen, hint } = notJson(text, error)
    return E.left([sourceProblem('malformed-file', path, seen, 'JSON', hint)])
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
