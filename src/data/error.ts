import type { Problem } from '../../ir/index.ts'

/** Problems of data: references, labels, images. */
export type DataProblem = Problem<
  | 'bad-argument'
  | 'bad-labels'
  | 'bad-length'
  | 'bad-preprocess'
  | 'bad-reference'
  | 'malformed-file'
  | 'missing-file'
  | 'unreadable-file'
  | 'unreadable-image'
  | 'wrong-size'
>
