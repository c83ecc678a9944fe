import { type Problem, problem } from '../../../ir/index.ts'

/** Problems of what the compiler's own tools are asked. */
export type InspectProblem = Problem<'no-such-pass' | 'bad-reproducer' | 'broken-pass'>

export const inspectProblem = (
  tag: InspectProblem['tag'],
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): InspectProblem => problem(tag, where, seen, expected, hint)
