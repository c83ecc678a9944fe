import type { Tensor } from '@tensorflow/tfjs'
import {
  type Graph,
  isPerExample,
  type NodeId,
  problem,
  sameShape,
  shapeOf,
  sizeOf,
  type Type,
} from '../../ir/index.ts'
import type { Tf } from '../runtime/native/tensorflow-js.ts'
import { fail, type LowerProblem, shapeProblem } from './error.ts'

/** What an executable takes for an input: a tensor, which stays the caller's, or its numbers in row-major order. */
export type Fed = Tensor | Float32Array

export interface Input {
  readonly id: NodeId
  readonly name: string
  readonly type: Type
}

/** The inputs that some output depends on. */
export const inputsOf = (graph: Graph, live: Uint8Array): readonly Input[] =>
  graph.nodes.flatMap((node, id) =>
    live[id] && node.tag === 'Input' ? [{ id, name: node.attributes.name, type: node.type }] : [],
  )

/** A tensor of the executable's own for what was fed; undefined where it does not fit the type. */
const take = (tf: Tf, fed: Fed, type: Type): Tensor | undefined => {
  const shape = shapeOf(type)
  const batched = isPerExample(type)
  if (fed instanceof Float32Array) {
    const n = fed.length / sizeOf(shape)
    if (!(batched ? Number.isInteger(n) && n > 0 : n === 1)) return undefined
    return tf.tensor(fed, batched ? [n, ...shape] : [...shape])
  }
  return sameShape(fed.shape, batched ? [fed.shape[0], ...shape] : shape) ? tf.clone(fed) : undefined
}

/** Own tensors for all inputs, in their order. @throws EspalierError where one is missing or does not fit. */
export const takeInputs = (
  tf: Tf,
  inputs: readonly Input[],
  fed: Readonly<Record<string, Fed | undefined>>,
): readonly Tensor[] => {
  const problems: LowerProblem[] = []
  const batches = new Set<number>()
  const taken: Tensor[] = []
  for (const { name, type } of inputs) {
    const given = fed[name]
    const value = given === undefined ? undefined : take(tf, given, type)
    if (value === undefined) {
      const seen = given instanceof Float32Array ? [given.length] : given?.shape
      problems.push(shapeProblem(`input ${name}`, seen, type))
      continue
    }
    if (isPerExample(type)) batches.add(value.shape[0])
    taken.push(value)
  }
  if (batches.size > 1)
    problems.push(problem('missing-value', 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size'))
  return problems.length > 0 ? fail(problems) : taken
}
