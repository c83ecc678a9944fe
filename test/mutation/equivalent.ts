import type { Mutant } from './instrument.ts'

/** A change that changes nothing that can be seen, read and judged by a person. */
export interface Equivalent {
  readonly file: string | readonly string[]
  readonly original: string
  /** One replacement, or several of the same text. */
  readonly replacement: string | readonly string[]
  /** Text on the line where it stands, where the original alone stands more than once. */
  readonly within?: string
  readonly reason: string
}

const typedArray = 'what is read past the end of a typed array is undefined, and what is written there is dropped'

export const equivalents: readonly Equivalent[] = [
  {
    file: 'ir/dihedral.ts',
    original: 'k < run',
    replacement: 'k <= run',
    within: 'data[to + k] = source',
    reason: 'the number after a run is written again by the next run, or dropped at the end',
  },
  {
    file: 'ir/dihedral.ts',
    original: 'outer === shape.length && outer > 0',
    replacement: 'false',
    reason: 'runs of one number: slower',
  },
  {
    file: 'ir/ops/window.ts',
    original: 'before / stride',
    replacement: 'before * stride',
    reason: 'more windows are asked than begin in the leading pad, and those that begin inside cover a pixel',
  },
  {
    file: 'ir/ops/window.ts',
    original: 'dilation <= extent',
    replacement: 'dilation < extent',
    reason: 'all windows in the leading pad are asked instead of the first, which reaches least',
  },
  {
    file: ['classification', 'convolution', 'pooling', 'shape', 'transforms'].map(name => `ir/ops/${name}.ts`),
    original: 'b < n',
    replacement: 'b <= n',
    reason: typedArray,
  },
  {
    file: 'ir/ops/classification.ts',
    original: 'i < c',
    replacement: 'i <= c',
    reason: 'the number after a row is written again by the next row, or dropped at the end',
  },
  {
    file: ['ir/ops/classification.ts', 'ir/ops/pointwise.ts', 'ir/ops/pooling.ts'],
    original: 'i < out.data.length',
    replacement: 'i <= out.data.length',
    reason: typedArray,
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: 'i < data.length',
    replacement: 'i <= data.length',
    reason: typedArray,
  },
  {
    file: 'ir/ops/classification.ts',
    original: "transform.kind === 'scale'",
    replacement: 'true',
    reason: 'other transforms have no factor, and undefined is not 0 or less: the condition is for the type checker',
  },
]

/** Whether an entry is about a mutant, whose line reads so. */
export const isAbout = (entry: Equivalent, { file, original, replacement }: Mutant, line: string): boolean =>
  [entry.file].flat().includes(file) &&
  entry.original === original &&
  [entry.replacement].flat().includes(replacement) &&
  (entry.within === undefined || line.includes(entry.within))
