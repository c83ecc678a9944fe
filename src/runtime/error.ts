import type { Problem } from '../../ir/error.ts'

export type RuntimeProblem = Problem<
  | 'addon-does-not-load'
  | 'backend-does-not-start'
  | 'bad-wheel'
  | 'build-failed'
  | 'cannot-write'
  | 'download-failed'
  | 'interrupted'
  | 'no-addon'
  | 'no-python'
  | 'no-space'
  | 'not-set-up'
  | 'unsupported-platform'
  | 'wrong-hash'
>
