import { type Problem, problem } from '../../ir/index.ts'
import type { RuntimeProblem } from '../runtime/error.ts'

/** Why an executor does not run a graph here. */
export type ExecutorProblem =
  | RuntimeProblem
  | Problem<'executor-not-there' | 'executor-fails' | 'precision-not-there' | 'cannot-lower'>

export const executorProblem = (
  tag: Exclude<ExecutorProblem['tag'], RuntimeProblem['tag']>,
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): ExecutorProblem => problem(tag, where, seen, expected, hint)
