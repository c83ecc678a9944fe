import { either as E } from 'fp-ts'
import { EspalierError, type Problem } from '../ir/index.ts'

/** What a task gives, or the problems that it throws. */
export const attempted = async <A>(task: Promise<A>): Promise<E.Either<readonly Problem[], A>> => {
  try {
    return E.right(await task)
  } catch (error) {
    if (error instanceof EspalierError) return E.left(error.problems)
    throw error
  }
}
