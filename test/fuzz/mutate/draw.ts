import type { Random } from '../../../src/base/random.ts'

export const pick = <A>(random: Random, options: readonly A[]): A => options[random.below(options.length)]

/** One of weighted options. */
export const weighted = <A>(random: Random, options: readonly (readonly [number, A])[]): A => {
  let left = random.next() * options.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, option] of options) {
    left -= weight
    if (left < 0) return option
  }
  return options[options.length - 1][1]
}

/** Often one change, now and then a few. */
export const changes = (random: Random): number =>
  weighted(random, [
    [6, 1],
    [3, 2],
    [1, 4],
  ])

export const oddNumbers: readonly number[] = [
  0, -0, 1, -1, 2, 3, 4, 7, 8, 16, 17, 31, 32, 64, 100, 127, 128, 255, 256, 1000, 32767, 65535, 65536, 1e6, 1e9,
  2147483647, 2147483648, 4294967295, 4294967296, 9007199254740991, 9007199254740992, -2, -128, -2147483648, 0.5, 1.5,
  -0.5, 1e-7, 1e-30, 5e-324, 3.4e38, 1e39, 1.7976931348623157e308,
]

export const oddTexts: readonly string[] = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'null',
  'NaN',
  'Infinity',
  'true',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  '__metadata__',
  '..',
  '../..',
  '/',
  '/dev/null',
  '/dev/zero',
  'a/b',
  'a\\b',
  '.',
  '\0',
  'a\0b',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u202e',
  'é',
  'e\u0301',
  '\ud800',
  '😀',
  '%s',
  '%0',
  '$x',
  '`',
  '"',
  "'",
  '\n',
  '\r\n',
  '\t',
  '<script>',
  'x'.repeat(300),
  'x'.repeat(70_000),
  '-',
  '--',
  '@',
  ':',
  '?',
  '{}',
  '[]',
]

/** A number near another, or an odd one. */
export const otherNumber = (random: Random, value: number, seen: readonly number[] = []): number =>
  weighted(random, [
    [4, () => value + pick(random, [1, -1, 1, -1, 2, -2, 0.5])],
    [2, () => value * pick(random, [2, -1, 0.5, 10, 1000])],
    [2, () => pick(random, oddNumbers)],
    [seen.length === 0 ? 0 : 4, () => pick(random, seen)],
    [1, () => random.below(12)],
  ])()
