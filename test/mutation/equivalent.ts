import type { Mutant } from './instrument.ts'

/** A change that changes nothing that can be seen, read and judged by a person. */
export interface Equivalent {
  readonly file: string
  readonly original: string
  /** One replacement, or several of the same text. */
  readonly replacement: string | readonly string[]
  /** Text on the line where it stands, where the original alone stands more than once. */
  readonly within?: string
  readonly reason: string
}

export const equivalents: readonly Equivalent[] = []

/** Whether an entry is about a mutant, whose line reads so. */
export const isAbout = (entry: Equivalent, { file, original, replacement }: Mutant, line: string): boolean =>
  entry.file === file &&
  entry.original === original &&
  [entry.replacement].flat().includes(replacement) &&
  (entry.within === undefined || line.includes(entry.within))
