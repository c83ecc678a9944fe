import { either as E } from 'fp-ts'
import { EspalierError, problem } from '../../../../ir/index.ts'
import type { ImportProblem } from '../error.ts'

/** Leaves the rule that imports one node or layer; {@link attempt} around it says where that was. */
export const refuse = (tag: ImportProblem['tag'], seen: string, expected: string, hint?: string): never => {
  throw new EspalierError([problem(tag, '', seen, expected, hint)])
}

/** Runs the rule for one node or layer: what it or the builder refuses becomes problems at `where`. */
export const attempt = <A>(where: string, rule: () => A): E.Either<readonly ImportProblem[], A> => {
  try {
    return E.right(rule())
  } catch (cause) {
    if (!(cause instanceof EspalierError)) throw cause
    return E.left(
      cause.problems.map(({ tag, seen, expected, hint }) =>
        problem(
          tag === 'type-mismatch' ? 'unsupported-shape' : (tag as ImportProblem['tag']),
          where,
          seen,
          expected,
          hint,
        ),
      ),
    )
  }
}
