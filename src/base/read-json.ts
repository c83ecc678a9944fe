import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import { problem } from '../../ir/index.ts'
import { readText, type TextProblem } from './read-text.ts'

/** What people write that JSON does not have, and what to do about it. */
const mistakes: readonly (readonly [is: RegExp, hint: string])[] = [
  [/\/\/|\/\*|^\s*#/m, 'JSON has no comments: take them out'],
  [/,\s*[}\]]/, 'no comma after the last value'],
  [/'/, 'double quotes in place of single ones'],
]

/** What to do about text that is no JSON, where that shows. */
const mistake = (text: string): string | undefined => {
  const outsideStrings = text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""')
  return mistakes.find(([is]) => is.test(outsideStrings))?.[1]
}

/** JSON of text; `path` names it in problems, and `hint` is what to try where no mistake shows. */
export const parseJson = (path: string, text: string, hint?: string): E.Either<readonly TextProblem[], unknown> => {
  try {
    return E.right(JSON.parse(text))
  } catch (error) {
    const seen = (error as Error).message.replaceAll(/\s+/g, ' ')
    return E.left([problem('malformed-file', path, seen, 'JSON', mistake(text) ?? hint)])
  }
}

/** JSON of a file: a problem where there is none, or it is not JSON. */
export const readJson =
  (path: string): TE.TaskEither<readonly TextProblem[], unknown> =>
  async () =>
    F.pipe(
      await readText(path)(),
      E.mapLeft(problem => [problem]),
      E.flatMap(text => parseJson(path, text)),
    )
