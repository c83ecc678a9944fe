import { packageVersion } from '../base/package.ts'
import type { Sourced } from '../experiment/sourced.ts'
import type { Terminal } from './terminal.ts'

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/** This call of the program. `versions`: of what else computed. */
export const provenance = (
  { args }: Pick<Terminal, 'args'>,
  seeds: readonly number[],
  versions: Readonly<Record<string, string>> = {},
): Sourced => ({
  command: ['espalier', ...args].map(quoted).join(' '),
  seeds,
  versions: {
    espalier: packageVersion,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...versions,
  },
})
