import { readFile } from 'node:fs/promises'
import { either as E, type taskEither as TE } from 'fp-ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { fileReason } from './file-error.ts'
import { parseJson } from './read-json.ts'
import { decodeText } from './read-text.ts'
import { brokenSeal, seal, sealKey, unfilled } from './seal.ts'

/** The bytes of a JSON file that says its own checksum; one that the value had, as when it was read, is made anew. */
export const sealedJson = (value: object, indent = 1): Uint8Array => {
  const { [sealKey]: _, ...unsealed } = value as Readonly<Record<string, unknown>>
  return seal(Buffer.from(`${JSON.stringify({ [sealKey]: unfilled, ...unsealed }, null, indent)}\n`))
}

/** JSON of bytes that are what they were when they were written, as far as they say so. `path` names them in problems. */
export const parseSealedJson = (
  path: string,
  bytes: Uint8Array,
  hint?: string,
): E.Either<readonly SourceProblem[], unknown> => {
  const broken = brokenSeal(bytes)
  if (broken !== undefined) return E.left([sourceProblem('malformed-file', path, broken.seen, broken.expected, hint)])
  const text = decodeText(bytes, path)
  return E.isLeft(text) ? E.left([text.left]) : parseJson(path, text.right)
}

/** JSON of a file that this program wrote: a problem where there is none, or it was changed since. */
export const readSealedJson =
  (path: string, hint?: string): TE.TaskEither<readonly SourceProblem[], unknown> =>
  async () => {
    try {
      return parseSealedJson(path, await readFile(path), hint)
    } catch (error) {
      return E.left([sourceProblem('missing-file', path, fileReason(error), 'a file that can be read')])
    }
  }
