import type { Problem } from '../../../ir/error.ts'

export type WeightsProblem = Problem<
  | 'bad-checksum'
  | 'bad-header'
  | 'bad-offsets'
  | 'missing-file'
  | 'unreadable-file'
  | 'unwritable-file'
  | 'unsupported-dtype'
>
