import { EspalierError, isPerExample, type Problem, printType, problem, type Type } from '../../ir/index.ts'

export type LowerProblem = Problem<'bad-dialect' | 'cannot-lower' | 'missing-value' | 'too-large'>

export const fail = (problems: readonly LowerProblem[]): never => {
  throw new EspalierError(problems)
}

/** A value that is not there (`seen` undefined) or has another shape. */
export const shapeProblem = (where: string, seen: readonly number[] | undefined, type: Type): LowerProblem =>
  problem(
    'missing-value',
    where,
    seen === undefined ? 'no value' : `a value of shape [${seen}]`,
    isPerExample(type) ? `a batch of ${printType(type)}, its first axis the batch` : printType(type),
  )
