import { totalmem } from 'node:os'
import { either as E } from 'fp-ts'
import { type Graph, liveNodes, shapeOf, sizeOf } from '../../ir/index.ts'
import { count } from '../base/format.ts'
import { type TrainingProblem, trainingProblem } from './error.ts'

/** Bytes of one example that a step keeps for its gradients at the least: what convolutions and activations give. */
export const keptBytes = (graph: Graph): number => {
  const live = liveNodes(graph)
  return graph.nodes.reduce(
    (n, { tag, type }, id) =>
      n + (live[id] === 1 && (tag === 'Conv2d' || tag === 'Unary') ? 4 * sizeOf(shapeOf(type)) : 0),
    0,
  )
}

/** Says so where a batch cannot fit into the machine's memory, which training would find out after minutes. */
export const checkMemory = (
  graph: Graph,
  batch: number,
  memory: number = totalmem(),
): E.Either<TrainingProblem, number> => {
  const each = keptBytes(graph)
  return each * batch <= memory
    ? E.right(batch)
    : E.left(
        trainingProblem(
          'too-large',
          '--batch',
          `${batch} images at a time, ${count(each * batch)}B of feature maps`,
          `at most the ${count(memory)}B of this machine`,
          `${Math.max(1, Math.floor(memory / each / 4))}`,
        ),
      )
}
