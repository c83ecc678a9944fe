/** Composition in D4, mirrored windows, acts on filters and dense rows, multiplicities, and what right sides of rules are worked out by. */
const lawFiles: readonly string[] = [
  'ir/dihedral.ts',
  'ir/ops/branching.ts',
  'ir/ops/classification.ts',
  'ir/ops/window.ts',
  'passes/legalize.ts',
  'passes/mean-steps.ts',
  'passes/merge-variants.ts',
  'passes/rules/',
  'passes/sliding.ts',
]

/** Whether a source holds laws: rules, what they stand on, or what an op declares of D4. */
export const holdsLaws = (file: string, text: string): boolean =>
  lawFiles.some(path => file.startsWith(path)) || /^ {2}equivariance: /m.test(text)
