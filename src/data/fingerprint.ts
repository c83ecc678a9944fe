import { createHash } from 'node:crypto'
import { either as E } from 'fp-ts'
import { counted, listed } from '../base/format.ts'
import type { DataSet } from './data-set.ts'
import type { DataProblem } from './error.ts'

/** A hash of lines. */
export const hashOf = (lines: Iterable<string | Uint8Array>): string => {
  const hash = createHash('sha256')
  for (const line of lines) hash.update(line).update('\n')
  return hash.digest('hex')
}

/** The identity of what is made of a data set: its own, and how that is made. */
export const identityOf = ({ identity }: DataSet, how: string): Pick<DataSet, 'identity'> =>
  identity === undefined ? {} : { identity: async () => E.map((own: string) => hashOf([own, how]))(await identity()) }

/**
 * What tells a data set from others, for people and to compare: how many images, which classes, and a hash of the images' names and labels. The same wherever it lies;
 * where it knows no names and labels, its own name stands for them.
 */
export const fingerprint = async (data: DataSet): Promise<E.Either<DataProblem, string>> => {
  const { name, count, classes = [], classCount = classes.length } = data
  const named = data.identity === undefined ? E.right(name) : await data.identity()
  return E.map((identity: string) => {
    const of = classCount === 0 ? '' : ` of ${counted(classCount, 'class', 'classes')}`
    const which = classes.length === 0 ? '' : ` (${listed(classes, 8)})`
    const hash = hashOf([identity, JSON.stringify(classes.map(each => each.normalize()))]).slice(0, 16)
    return `${counted(count, 'image')}${of}${which}, names and labels ${hash}`
  })(named)
}
