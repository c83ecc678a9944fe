import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import { type Environment, evaluate, type Graph, renderProblems, type Tensor } from '../../ir/index.ts'

/** What `exact` and `rounding` promise: equal to the bit, or within this much of the largest value. */
export const tolerance = 1e-9

export const valuesOf = (graph: Graph, environment: Environment): ReadonlyMap<string, Tensor> => {
  const values = evaluate(graph, environment)
  if (E.isLeft(values)) throw new Error(renderProblems(values.left))
  return values.right
}

/** Asserts that two values agree: bit by bit (0 and −0 are one number), or within the tolerance relative to the largest. */
export const expectAgreement = (seen: Tensor, wanted: Tensor, precision: 'exact' | 'rounding'): void => {
  expect(seen.shape).toEqual(wanted.shape)
  let furthest = 0
  let largest = 1
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [seen.data[i], wanted.data[i]]
    if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) furthest = Math.max(furthest, Math.abs(a - b))
    if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b))
    if (Number.isNaN(a) !== Number.isNaN(b)) furthest = Number.POSITIVE_INFINITY
  }
  expect(furthest).toBeLessThanOrEqual(precision === 'exact' ? 0 : tolerance * largest)
}

/** Asserts that two graphs have the same interface and the same meaning there. */
export const expectSameMeaning = (
  [seen, seenAt]: readonly [Graph, Environment],
  [wanted, wantedAt]: readonly [Graph, Environment],
  precision: 'exact' | 'rounding',
): void => {
  const face = (graph: Graph) => graph.outputs.map(({ name, node }) => ({ name, type: graph.nodes[node].type }))
  expect(face(seen)).toEqual(face(wanted))
  const values = valuesOf(seen, seenAt)
  for (const [name, value] of valuesOf(wanted, wantedAt)) expectAgreement(values.get(name) as Tensor, value, precision)
}
