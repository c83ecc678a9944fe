import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { either as E, type taskEither as TE } from 'fp-ts'
import { type Problem, problem } from '../../ir/index.ts'
import { fileReason } from './file-error.ts'

export type TextProblem = Problem<'missing-file' | 'malformed-file'>

/** Byte-order marks. That of UTF-32, lowest byte first, begins like UTF-16's: it comes first. */
const marks = [
  { encoding: 'utf-32', bytes: [0xff, 0xfe, 0, 0] },
  { encoding: 'utf-32', bytes: [0, 0, 0xfe, 0xff] },
  { encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const

type Encoding = (typeof marks)[number]['encoding']

const encodingOf = (bytes: Uint8Array): Encoding =>
  marks.find(mark => mark.bytes.every((byte, at) => bytes[at] === byte))?.encoding ?? 'utf-8'

/** Where the first character that is no UTF-8 begins. */
const undecodableAt = (bytes: Uint8Array): number => {
  const decoded = (length: number): string =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length), { stream: true })
  let [good, bad] = [0, bytes.length + 1]
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    try {
      decoded(middle)
      good = middle
    } catch {
      bad = middle
    }
  }
  return Buffer.byteLength(decoded(good))
}

const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`

/** Text of bytes without its byte-order mark: UTF-8, or UTF-16 where the mark says so. `where` names it in problems. */
export const decodeText = (bytes: Uint8Array, where: string): E.Either<TextProblem, string> => {
  const refuse = (seen: string, hint?: string) =>
    E.left(problem('malformed-file' as const, where, seen, 'text in UTF-8, or in UTF-16 with a byte-order mark', hint))
  const encoding = encodingOf(bytes)
  if (encoding === 'utf-32') return refuse('text in UTF-32')
  if (encoding === 'utf-8' && !isUtf8(bytes)) {
    const at = undecodableAt(bytes)
    return refuse(`${hex(bytes[at])} at byte ${at}, which is no UTF-8`, 'save the file as UTF-8')
  }
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    const nul = text.indexOf('\0')
    return nul < 0 ? E.right(text) : refuse(`a zero as character ${nul + 1}`, 'save the file as UTF-8')
  } catch (error) {
    return refuse(encoding === 'utf-8' ? (error as Error).message : 'UTF-16 with half a character in it')
  }
}

/** Text of a file, as {@link decodeText} reads it: a problem where it cannot be read. */
export const readText =
  (path: string, expected = 'a file that can be read'): TE.TaskEither<TextProblem, string> =>
  async () => {
    try {
      return decodeText(await readFile(path), path)
    } catch (error) {
      return E.left(problem('missing-file', path, fileReason(error), expected))
    }
  }

/** The lines of a text under any system's line ends; what follows the last of them is no line where it is empty. */
export const linesOf = (text: string): readonly string[] => text.replace(/(\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/)
