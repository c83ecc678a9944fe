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
    file: 'ir/ops/unary-functions.ts',
    original: 'i < data.length',
    replacement: 'i <= data.length',
    reason: typedArray,
  },
  {
    file: 'ir/decode-error.ts',
    original: 'inner?._tag',
    replacement: 'inner._tag',
    reason: 'types of these two tags have one inside: the condition is for the type checker',
  },
  {
    file: 'ir/dihedral.ts',
    original: 'from === to && step === 1',
    replacement: 'false',
    reason: 'numbers are compared with themselves: slower',
  },
  {
    file: 'ir/dihedral.ts',
    original: 'step === 1',
    replacement: ['true', 'step !== 1'],
    reason:
      'a row that begins where its image begins and goes another way is a column of it, whose numbers other rows are compared with',
  },
  {
    file: 'ir/draft.ts',
    original: 'operands.every(axes => axes.length === 0)',
    replacement: 'false',
    reason: 'nothing to align is aligned: slower',
  },
  {
    file: 'ir/draft.ts',
    original: 'axes => axes.length === 0',
    replacement: '() => undefined',
    reason: 'nothing to align is aligned: slower',
  },
  {
    file: 'ir/draft.ts',
    original: 'axes.length === 0',
    replacement: 'false',
    reason: 'nothing to align is aligned: slower',
  },
  {
    file: 'ir/evaluate.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: '(Value | undefined)[]',
    reason: 'what a node finds in its place is written over',
  },
  {
    file: 'ir/evaluate.ts',
    original: '!live[id]',
    replacement: 'false',
    reason: 'values that nothing reads are computed: slower',
  },
  {
    file: 'ir/evaluate.ts',
    original: 'rounded && !read.has(id)',
    replacement: 'false',
    reason: 'outputs are rounded when all is done: more memory',
  },
  {
    file: 'ir/evaluate.ts',
    original: 'lastUse[operand] === id',
    replacement: 'false',
    reason: 'values are kept to the end: more memory',
  },
  {
    file: 'ir/evaluate.ts',
    original: '{\n    for (const operand of node.operands) last[operand] = id\n  }',
    replacement: '{}',
    reason: 'values are kept to the end: more memory',
  },
  {
    file: 'ir/evaluate.ts',
    original: "node.tag === 'Input'",
    replacement: 'true',
    within: 'isPerExample(node.type) ?',
    reason: 'other nodes have no name that an input has, and parameters no batch',
  },
  {
    file: 'ir/evaluate.ts',
    original: 'rule === null',
    replacement: 'false',
    reason: 'ops without a rule do not come here: the condition is for the type checker',
  },
  {
    file: 'ir/evaluate.ts',
    original: '(): readonly VariantAxis[] => []',
    replacement: '() => undefined',
    reason: 'axes of nodes align, or the graph would not be: the condition is for the type checker',
  },
  {
    file: 'ir/evaluate.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: 'alignAxes',
    reason: 'axes of nodes align, or the graph would not be: the condition is for the type checker',
  },
  {
    file: 'ir/evaluate.ts',
    original: 'variants.length === 1',
    replacement: 'false',
    reason: 'one variant is copied: slower',
  },
  {
    file: 'ir/evaluate.ts',
    original: '{ operands: [type], result: mapType(h, w, c) }',
    replacement: '{}',
    reason: 'shifts, rotations and scalings do not ask for types',
  },
  {
    file: 'ir/evaluate.ts',
    original: '[type]',
    replacement: '[]',
    within: 'mapType(h, w, c)',
    reason: 'shifts, rotations and scalings do not ask for types',
  },
  {
    file: 'ir/graph.ts',
    original: 'graph.nodes.length - 1',
    replacement: 'graph.nodes.length + 1',
    reason: 'what no output reads is passed over, and so is what is no node',
  },
  {
    file: 'ir/graph.ts',
    original: 'id >= 0',
    replacement: 'id > 0',
    reason: 'the first node has no operands',
  },
  {
    file: 'ir/ops/convolution-gradients.ts',
    original: "input.kind !== 'Map' || gradient.kind !== 'Map'",
    replacement: ['false', "input.kind !== 'Map' && gradient.kind !== 'Map'"],
    reason: 'the condition is for the type checker, as are its two parts',
  },
  {
    file: 'ir/ops/convolution-gradients.ts',
    original: "input.kind !== 'Map'",
    replacement: 'false',
    reason: 'a vector is refused as the input of the convolution, a shared tensor for its channels',
  },
  {
    file: 'ir/ops/convolution-gradients.ts',
    original: "gradient.kind !== 'Map'",
    replacement: 'false',
    reason: 'a vector is refused as the output of the convolution, a shared tensor for its channels',
  },
  {
    file: 'ir/ops/convolution-gradients.ts',
    original: 'i < inputs',
    replacement: 'i <= inputs',
    reason: typedArray,
  },
  {
    file: 'ir/ops/convolution.ts',
    original: 'value === 0 && finite',
    replacement: 'false',
    reason: 'products of 0 with finite numbers are added: slower',
  },
  {
    file: 'ir/ops/normalization-gradients.ts',
    original: 'i < out.data.length',
    replacement: 'i <= out.data.length',
    reason: typedArray,
  },
  {
    file: 'ir/ops/unary-functions.ts',
    original: 'n < 80',
    replacement: 'n <= 80',
    reason: 'a term of the series below the last bit',
  },
  {
    file: 'ir/ops/unary-functions.ts',
    original: "part === 'affine'",
    replacement: 'false',
    reason: 'in a loop of its own: slower',
  },
  {
    file: 'ir/ops/unary-functions.ts',
    original: "'affine'",
    replacement: '""',
    reason: 'in a loop of its own: slower',
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: 'sameShape(shape.slice(shape.length - own.length), own)',
    replacement: 'false',
    reason: 'what repeats is written out: slower',
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: 'shape.slice(shape.length - own.length)',
    replacement: 'shape',
    reason: 'what repeats is written out: slower',
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: 'shape.length - own.length',
    replacement: 'shape.length + own.length',
    reason: 'what repeats is written out: slower',
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: 'at < data.length',
    replacement: 'at <= data.length',
    reason: typedArray,
  },
  {
    file: 'ir/ops/pointwise.ts',
    original: '!isPerExample(input)',
    replacement: 'false',
    reason: 'a shared tensor has no channels that statistics agree with: the condition is for the type checker',
  },
  {
    file: ['ir/ops/pooling.ts', 'ir/ops/pooling-gradients.ts'],
    original: 'i < channels',
    replacement: 'i <= channels',
    reason: 'what the number after a window is goes by its own window, which comes next, or is dropped at the end',
  },
  {
    file: 'ir/ops/shape.ts',
    original: 'i < c',
    replacement: 'i <= c',
    within: 'let i = 0; i < c',
    reason: 'the number after a pixel is written again by the next one, or dropped at the end',
  },
  {
    file: 'ir/ops/pooling-gradients.ts',
    original: "gradient.kind === 'Map'",
    replacement: 'true',
    reason: 'what is no map is refused as no output of the pool: the condition is for the type checker',
  },
  {
    file: 'ir/ops/pooling.ts',
    original: 'n++',
    replacement: 'n--',
    within: 'i < extent + after',
    reason: 'rows and columns are both counted downwards, and their product is what counts',
  },
  {
    file: 'ir/ops/reductions.ts',
    original: 'i < places.length',
    replacement: 'i <= places.length',
    reason:
      'the number after a value is written again by the next one, or dropped at the end; at no place none is added',
  },
  {
    file: 'ir/ops/reductions.ts',
    original: 'b < batchOf(like, result)',
    replacement: 'b <= batchOf(like, result)',
    reason: typedArray,
  },
  {
    file: 'ir/ops/sampling-gradients.ts',
    original: 'b < n',
    replacement: 'b <= n',
    reason: typedArray,
  },
  {
    file: 'ir/ops/shape.ts',
    original: 'shape.slice(0, at)',
    replacement: 'shape',
    reason: typedArray,
  },
  {
    file: 'ir/ops/shape.ts',
    original: 'o < outer',
    replacement: 'o <= outer',
    reason: typedArray,
  },
  {
    file: 'ir/scan.ts',
    original: 's.at < s.line.length',
    replacement: ['true', 's.at <= s.line.length'],
    within: "' \\t\\r'",
    reason: 'what follows the end of a line is no blank',
  },
  {
    file: 'ir/scan.ts',
    original: "['']",
    replacement: '[]',
    reason: 'a run of any length is found: the condition is for the type checker',
  },
  {
    file: 'ir/scan.ts',
    original: "''",
    replacement: '"Stryker was here!"',
    within: 'allowed.exec',
    reason: 'a run of any length is found: the condition is for the type checker',
  },
  {
    file: 'ir/scan.ts',
    original: 's.at < s.line.length',
    replacement: 's.at <= s.line.length',
    within: "'\"'",
    reason: 'past the end is brought back to the end',
  },
  {
    file: 'ir/tensor.ts',
    original: 'new Array<number>(shape.length)',
    replacement: 'new Array()',
    reason: 'it grows as it is filled: slower',
  },
  {
    file: 'ir/type.ts',
    original: "type.kind === 'Map'",
    replacement: 'true',
    within: 'limits',
    reason:
      'other types have neither rows nor columns, and undefined is not over a limit: the condition is for the type checker',
  },
  {
    file: 'ir/verify.ts',
    original: 'candidate?.tag',
    replacement: 'candidate.tag',
    reason: 'what is typed is a candidate: the condition is for the type checker',
  },
  {
    file: 'ir/verify.ts',
    original: '() => null',
    replacement: '() => undefined',
    reason: 'attributes decode, or a rule would be broken: the condition is for the type checker',
  },
  {
    file: 'ir/verify.ts',
    original: 'node?.tag',
    replacement: 'node.tag',
    reason: 'what disagrees is a node: the condition is for the type checker',
  },
  {
    file: 'ir/parse.ts',
    original: "''",
    replacement: '"Stryker was here!"',
    within: "s.line[s.at] ?? ''",
    reason: 'neither begins a number',
  },
  {
    file: 'ir/parse.ts',
    original: '!(error instanceof SyntaxProblem)',
    replacement: 'false',
    reason: 'nothing else is thrown',
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
  {
    file: 'ir/ops/pooling.ts',
    original: 'Math.max(...outputs) > limits.mapExtent',
    replacement: 'false',
    reason: 'so large a map is refused by its type, once its windows were looked at: slower',
  },
  {
    file: 'ir/ops/pooling.ts',
    original: 'Math.max(...outputs)',
    replacement: 'Math.min(...outputs)',
    within: 'limits.mapExtent',
    reason: 'so large a map is refused by its type, once its windows were looked at: slower',
  },
  {
    file: 'passes/downstream-weights.ts',
    original: 'id >= 0',
    replacement: 'id > 0',
    reason: 'the first node has no operands',
  },
  {
    file: 'passes/batch-statistics.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: '[] = []',
    reason: 'what a node finds in its place is written over',
  },
  {
    file: 'passes/stack-branches.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: '[] = []',
    reason: 'what a node finds in its place is written over',
  },
  {
    file: 'passes/unstack-variants.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: '[])[] = []',
    reason: 'what a node finds in its place is written over',
  },
  {
    file: 'passes/choose-schedule.ts',
    original: "'apart'",
    replacement: '""',
    within: 'const mergings',
    reason: 'what is neither joined nor split is apart',
  },
  {
    file: 'passes/differentiate.ts',
    original: 'wanted.has(id)',
    replacement: 'true',
    reason: 'what nothing asks for is written and dropped: slower',
  },
  {
    file: 'passes/gradients/pointwise.ts',
    original: "node.tag === 'ReduceTo'",
    replacement: 'true',
    reason: 'no other op makes a shared mean of its first operand: the condition is for the type checker',
  },
  {
    file: 'passes/fixed-plan-text.ts',
    original: "depth += character === '(' || character === '{' ? 1 : character === ')' || character === '}' ? -1 : 0",
    replacement:
      "depth -= character === '(' || character === '{' ? 1 : character === ')' || character === '}' ? -1 : 0",
    reason: 'a depth counted downwards is 0 in the same places',
  },
  {
    file: 'passes/fixed-plan-text.ts',
    original: 'named === null',
    replacement: 'false',
    reason: 'what is no name has no set: the condition is for the type checker',
  },
  {
    file: 'passes/share-prefix.ts',
    original: 'a < b',
    replacement: ['a <= b', 'a >= b'],
    reason: 'keys are different, and any order is one',
  },
  {
    file: 'passes/stack-variants.ts',
    original: 'new Array(graph.nodes.length)',
    replacement: 'new Array()',
    reason: 'it grows as it is filled: slower',
  },
  {
    file: 'passes/stack-variants.ts',
    original: "node.tag !== 'Combine'",
    replacement: 'false',
    reason: 'no other node comes here: the condition is for the type checker',
  },
  {
    file: 'passes/stack-variants.ts',
    original: '!isPerExample(node.type)',
    replacement: 'true',
    within: 'emit(node',
    reason: 'what is made too early is dropped: slower',
  },
  {
    file: 'passes/feature-maps.ts',
    original: 'default:\n      return false',
    replacement: 'default:',
    reason: 'undefined is not true either',
  },
  {
    file: 'passes/feature-maps.ts',
    original: "type.kind === 'Map'",
    replacement: 'true',
    within: 'MeanPool',
    reason: 'a pool gives a map: the condition is for the type checker',
  },
  {
    file: 'passes/drop-symmetric-acts.ts',
    original: 'default:\n      return false',
    replacement: 'default:',
    reason: 'undefined is not true either',
  },
  {
    file: 'passes/drop-symmetric-acts.ts',
    original: "node.tag !== 'Act'",
    replacement: 'false',
    within: 'element === undefined',
    reason: 'what is found is an act: the condition is for the type checker',
  },
  {
    file: 'passes/merge-convolutions.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: '?? []',
    reason: 'what stands for no node is asked for by none',
  },
  {
    file: 'passes/rewrite.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    within: 'counts: number[]',
    reason: 'the first node is a source, of whose readers no rule asks',
  },
  {
    file: 'passes/training-step.ts',
    original: "'branched'",
    replacement: '""',
    within: 'draft(',
    reason: 'the graph is stacked before anything asks for its dialect',
  },
  {
    file: 'passes/training-step.ts',
    original: "node.tag === 'Input'",
    replacement: 'true',
    within: 'flatMap',
    reason: 'other nodes have no name that a parameter has: the condition is for the type checker',
  },
  {
    file: 'passes/gradients/tools.ts',
    original: "'refused'",
    replacement: '""',
    reason: 'it is compared with itself alone',
  },
  {
    file: 'passes/pipeline.ts',
    original: "'apart'",
    replacement: '""',
    within: "= 'apart'",
    reason: 'what begins and ends with no other schedule is apart',
  },
]

/** Whether an entry is about a mutant, whose line reads so. */
export const isAbout = (entry: Equivalent, { file, original, replacement }: Mutant, line: string): boolean =>
  [entry.file].flat().includes(file) &&
  entry.original === original &&
  [entry.replacement].flat().includes(replacement) &&
  (entry.within === undefined || line.includes(entry.within))
