import type { Sourced } from '../experiment/sourced.ts'
import { packageVersion } from '../runtime/native/layout.ts'

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)

/** This call of the program. `versions`: of what else computed. */
export const provenance = (
  seeds: readonly number[],
  versions: Readonly<Record<string, string>> = {},
  words: readonly string[] = process.argv.slice(2),
): Sourced => ({
  command: ['espalier', ...words].map(quoted).join(' '),
  seeds,
  versions: {
    espalier: packageVersion,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...versions,
  },
})
