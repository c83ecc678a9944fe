import { either as E } from 'fp-ts'
import { random, shuffled } from '../base/random.ts'
import { type DataSet, examplesAt } from '../data/index.ts'
import { type TrainingProblem, trainingProblem } from './error.ts'

/** Numbers of images, each in one of the two. */
export interface Split {
  readonly training: Int32Array
  readonly heldOut: Int32Array
}

/** Holds `n` of `count` images out, drawn from the seed; both parts in ascending order. Left: where none is left to train on. */
export const splitHeldOut = (count: number, n: number, seed: number): E.Either<readonly TrainingProblem[], Split> => {
  if (n >= count)
    return E.left([
      trainingProblem(
        'too-few-images',
        '--validation',
        `${n} of ${count} images held out`,
        `at most ${count - 1}, so that some are left to train on`,
      ),
    ])
  const order = shuffled(count, random(seed, 'held out'))
  return E.right({ training: order.subarray(n).slice().sort(), heldOut: order.subarray(0, n).slice().sort() })
}

/** The images of a data set that `indices` number, in their order. */
export const subset = (data: DataSet, indices: ArrayLike<number>): DataSet => {
  const numbers = Array.from(indices)
  return {
    ...data,
    count: numbers.length,
    read: (from, to) => examplesAt(data, numbers.slice(from, to)),
    pick: at =>
      examplesAt(
        data,
        at.map(k => numbers[k]),
      ),
  }
}
