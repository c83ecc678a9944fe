import type { Draft, NodeId } from '../ir/index.ts'
import type { BinaryFunction, UnaryFunction } from '../ir/ops/pointwise.ts'

/** Two values, number by number. */
export const pairwise = (d: Draft, fn: BinaryFunction, left: NodeId, right: NodeId): NodeId =>
  d.add('Binary', [left, right], { fn })

/** All values, the first two, then that and the third. */
export const chained = (d: Draft, fn: BinaryFunction, values: readonly NodeId[]): NodeId =>
  values.reduce((a, b) => pairwise(d, fn, a, b))

/** A function of each number. */
export const unary = (d: Draft, fn: UnaryFunction, x: NodeId, alpha = 0, beta = 0): NodeId =>
  d.add('Unary', [x], { fn, alpha, beta })

/** `alpha · x + beta` */
export const affine = (d: Draft, x: NodeId, alpha: number, beta: number): NodeId => unary(d, 'affine', x, alpha, beta)

/** A value, or the smaller or larger of two, which is added where it is read. */
type Compared = () => NodeId

/** The values in order, number by number: neighbours change places, odd and even ones in turn, until none can be out of order. */
export const sorted = (d: Draft, values: readonly NodeId[]): readonly Compared[] => {
  const found: Compared[] = values.map(x => () => x)
  const compared = (fn: 'minimum' | 'maximum', a: Compared, b: Compared): Compared => {
    let made: NodeId | undefined
    return () => {
      made ??= pairwise(d, fn, a(), b())
      return made
    }
  }
  for (let round = 0; round < found.length; round++)
    for (let k = round % 2; k + 1 < found.length; k += 2) {
      const [a, b] = [found[k], found[k + 1]]
      found[k] = compared('minimum', a, b)
      found[k + 1] = compared('maximum', a, b)
    }
  return found
}
