import type { Tensor } from '../../../../../ir/index.ts'
import { argmaxBehind, atScores } from '../../argmax.ts'
import { type Canvas, type Example, isVectorLike } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import { type GraphNode, outputOf } from './node.ts'

/** An output of a model: its name, and what it is read from. */
export interface Result {
  readonly name: string
  readonly reference: string
  /** Along which axis the model numbers the largest of this. */
  readonly argmax?: number
}

/** Results that end in an ArgMax, as what it takes the largest of: numbers of classes have no mean, and these follow from the scores. */
export const withoutArgMax = (
  nodes: readonly GraphNode[],
  results: readonly Result[],
  weights: ReadonlyMap<string, Tensor>,
): readonly Result[] => {
  const byName = new Map(nodes.map(node => [node.name, node]))
  const writerOf = (reference = '') => byName.get(outputOf(reference).name)
  return results.map(result => {
    const argmax = argmaxBehind(
      writerOf(result.reference),
      ({ op }) => op,
      ({ input }) => writerOf(input?.[0]),
    )
    const [scores, axis] = argmax?.input ?? []
    const numbers = axis === undefined ? undefined : weights.get(outputOf(axis).name)?.data
    return scores === undefined || numbers?.length !== 1
      ? result
      : { name: result.name, reference: scores, argmax: numbers[0] }
  })
}

/** Refuses an ArgMax that does not run over classes, with images and pixels for the other axes. */
export const checkArgMax = ({ builder }: Canvas, { node, shape }: Example, axis: number): void => {
  const type = builder.typeOf(node)
  const positions = isVectorLike(shape) && type.kind === 'Map' && type.h * type.w > 1
  const last = axis === -1 || axis === shape.length
  if (!last || positions || (shape.at(-1) ?? 1) === 1)
    refuse(
      'unsupported-op',
      `ArgMax over axis ${axis} of [batch${shape.map(n => `, ${n}`).join('')}]`,
      'one over scores of classes',
      atScores,
    )
}
