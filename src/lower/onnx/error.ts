import { EspalierError, type Problem } from '../../../ir/index.ts'

export type OnnxProblem = Problem<'bad-dialect' | 'cannot-lower' | 'name-clash' | 'too-large'>

export const fail = (problems: readonly OnnxProblem[]): never => {
  throw new EspalierError(problems)
}
