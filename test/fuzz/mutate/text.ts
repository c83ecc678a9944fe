import type { Random } from '../../../src/base/random.ts'
import { changes, oddTexts, otherNumber, pick, weighted } from './draw.ts'

/** Numbers, words, and what stands between them. */
const tokens = (text: string): string[] => text.match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_]+|\s+|[\s\S]/gu) ?? []

const isNumber = (token: string): boolean => /\d/.test(token)
const isWord = (token: string): boolean => /^[\p{L}_]+$/u.test(token)

const indexOf = (random: Random, list: readonly string[], fits: (token: string) => boolean): number => {
  const places = list.flatMap((token, k) => (fits(token) ? [k] : []))
  return places.length === 0 ? -1 : pick(random, places)
}

const changeToken = (text: string, random: Random, words: readonly string[]): string => {
  const list = tokens(text)
  const numbers = list.filter(isNumber).map(Number)
  const replace = (fits: (token: string) => boolean, by: (token: string) => string): string => {
    const at = indexOf(random, list, fits)
    if (at < 0) return text
    list[at] = by(list[at])
    return list.join('')
  }
  return weighted(random, [
    [5, () => replace(isNumber, token => String(otherNumber(random, Number(token), numbers)))],
    [5, () => replace(isWord, () => pick(random, words.length === 0 ? oddTexts : words))],
    [
      2,
      () =>
        replace(
          token => !isNumber(token) && !isWord(token),
          () => pick(random, [...list, '']),
        ),
    ],
    [
      2,
      () =>
        replace(
          () => true,
          () => '',
        ),
    ],
    [
      2,
      () =>
        replace(
          () => true,
          token => token + pick(random, list),
        ),
    ],
    [
      1,
      () =>
        replace(
          () => true,
          token => token + pick(random, oddTexts),
        ),
    ],
    [
      0.2,
      () =>
        replace(
          () => true,
          token => token.repeat(pick(random, [2, 10, 1000, 50_000])),
        ),
    ],
  ])()
}

const changeLine = (text: string, random: Random, other: string): string => {
  const lines = text.split('\n')
  const [at, to] = [random.below(lines.length), random.below(lines.length)]
  const others = other.split('\n')
  return weighted(random, [
    [2, () => lines.toSpliced(at, 1)],
    [2, () => lines.toSpliced(to, 0, lines[at])],
    [1, () => lines.with(at, lines[to]).with(to, lines[at])],
    [1, () => lines.toSpliced(at, 0, '')],
    [1, () => lines.with(at, pick(random, others))],
    [1, () => lines.slice(0, at)],
    [0.1, () => lines.toSpliced(at, 0, ...Array.from({ length: pick(random, [10, 1000, 20_000]) }, () => lines[to]))],
  ])().join('\n')
}

const wrap = (text: string, random: Random): string =>
  pick(random, [
    `\ufeff${text}`,
    `${text}\n`,
    text.replaceAll('\n', '\r\n'),
    ` ${text} `,
    text.toUpperCase(),
    text.normalize('NFD'),
    `${text}\0`,
  ])

export interface TextOptions {
  /** Words of the format, which take others' place. */
  readonly words?: readonly string[]
  readonly other?: string
}

/** Text with numbers, words, separators and lines changed, so that much of it can still be read. */
export const mutateText = (text: string, random: Random, { words = [], other = text }: TextOptions = {}): string => {
  let out = text
  const vocabulary = [...words, ...tokens(text).filter(isWord)]
  for (let n = changes(random); n > 0; n--)
    out = weighted(random, [
      [8, () => changeToken(out, random, vocabulary)],
      [text.includes('\n') ? 4 : 0.5, () => changeLine(out, random, other)],
      [0.6, () => wrap(out, random)],
    ])()
  return out
}

/** Text without runs of lines, then without runs of characters. */
export function* smallerTexts(text: string): Iterable<string> {
  for (const separator of ['\n', '']) {
    const parts = text.split(separator)
    for (let chunk = Math.ceil(parts.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
      for (let from = 0; from < parts.length; from += chunk) yield parts.toSpliced(from, chunk).join(separator)
      if (parts.length / chunk > 200) break
    }
  }
}
