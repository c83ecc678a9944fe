import type { Tensor } from '@tensorflow/tfjs-core'
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

/** The whole shape of what was fed for an input; undefined where that does not fit its type. */
const fedShape = (fed: Fed, type: Type): readonly number[] | undefined => {
  const shape = shapeOf(type)
  const batched = isPerExample(type)
  const n = fed instanceof Float32Array ? fed.length / sizeOf(shape) : fed.shape[0]
  const whole = batched ? [n, ...shape] : shape
  if (!(fed instanceof Float32Array)) return sameShape(fed.shape, whole) ? whole : undefined
  return (batched ? Number.isInteger(n) && n > 0 : n === 1) ? whole : undefined
}

/** The whole shapes of what was fed for all inputs, in their order. @throws EspalierError where one is missing or does not fit. */
export const fedShapes = (
  inputs: readonly Pick<Input, 'name' | 'type'>[],
  fed: Readonly<Record<string, Fed | undefined>>,
): readonly (readonly number[])[] => {
  const problems: LowerProblem[] = []
  const batches = new Set<number>()
  const shapes: (readonly number[])[] = []
  for (const { name, type } of inputs) {
    const given = fed[name]
    const shape = given === undefined ? undefined : fedShape(given, type)
    if (shape === undefined) {
      const seen = given instanceof Float32Array ? [given.length] : given?.shape
      problems.push(shapeProblem(`input ${name}`, seen, type))
      continue
    }
    if (isPerExample(type)) batches.add(shape[0])
    shapes.push(shape)
  }
  if (batches.size > 1)
    problems.push(problem('missing-value', 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size'))
  return problems.length > 0 ? fail(problems) : shapes
}

/** Own tensors for all inputs, in their order. @throws EspalierError where one is missing or does not fit. */
export const takeInputs = (
  tf: Tf,
  inputs: readonly Input[],
  fed: Readonly<Record<string, Fed | undefined>>,
): readonly Tensor[] =>
  fedShapes(inputs, fed).map((shape, k) => {
    const given = fed[inputs[k].name] as Fed
    return given instanceof Float32Array ? tf.tensor(given, [...shape]) : tf.clone(given)
  })
