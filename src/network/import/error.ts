import type { Problem } from '../../../ir/error.ts'

/**
 * What can be wrong with a model file: the file itself (`missing-file`, `unreadable-file`, `too-large`, `malformed-file`,
 * `outside-folder` for a path that climbs out of the model's folder), its weights, or what it asks for.
 */
export type ImportProblem = Problem<
  | 'missing-file'
  | 'unreadable-file'
  | 'too-large'
  | 'malformed-file'
  | 'outside-folder'
  | 'missing-weights'
  | 'wrong-weights'
  | 'unsupported-version'
  | 'unsupported-op'
  | 'unsupported-attribute'
  | 'unsupported-type'
  | 'unsupported-shape'
>
