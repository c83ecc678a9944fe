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
  {
    file: 'passes/choose-schedule.ts',
    original: "'flat'",
    replacement: '""',
    reason: 'the graph of a group alone is predicted and forgotten: nothing asks for its dialect',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: "'x'",
    replacement: '""',
    reason: 'and no more for what it calls its input',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: `\`y$\{k}\``,
    replacement: '``',
    reason: 'or its outputs',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: "'apart'",
    replacement: '""',
    within: 'const apart',
    reason: 'what is neither joined nor split is apart',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: "() => 'apart'",
    replacement: '() => undefined',
    reason: 'what is neither joined nor split is apart',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: 'convolutionGroups(graph).length === 0',
    replacement: 'false',
    reason: 'without groups nothing is merged, which is found out more slowly',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: 'mergings.slice(1)',
    replacement: 'mergings',
    reason: 'apart twice among the options: slower',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: 'merged !== graph',
    replacement: 'true',
    reason: 'an option that changes nothing costs what apart costs, and is not taken: slower',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: `all
    .map(mergingOf => ({ mergingOf, merged: mergeConvolutionsIn(graph, mergingOf).graph }))
    .filter(({ merged }) => merged !== graph)`,
    replacement: 'all.map(mergingOf => ({\n  mergingOf,\n  merged: mergeConvolutionsIn(graph, mergingOf).graph\n}))',
    reason: 'an option that changes nothing costs what apart costs, and is not taken: slower',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: 'settledCost(sunk, predict) <= most',
    replacement: ['false', 'settledCost(sunk, predict) < most'],
    reason: 'merged where that pays it costs no more than unmerged: the first question is the faster one',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: 'admit === admitAll',
    replacement: 'false',
    reason: 'the same is done again: slower',
  },
]

/** Whether an entry is about a mutant, whose line reads so. */
export const isAbout = (entry: Equivalent, { file, original, replacement }: Mutant, line: string): boolean =>
  [entry.file].flat().includes(file) &&
  entry.original === original &&
  [entry.replacement].flat().includes(replacement) &&
  (entry.within === undefined || line.includes(entry.within))
