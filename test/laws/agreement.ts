import { strict as assert } from 'node:assert'
import { type Environment, evaluate, type Graph, liveNodes, type Tensor } from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'

/** How closely values must agree: equal to the bit, within what float64 rounds, or within what float32 rounds. */
export type Precision = 'exact' | 'rounding' | 'float32'

/** The furthest that values may be apart, relative to the largest (and to 1). */
export const tolerances: { readonly [P in Precision]: number } = { exact: 0, rounding: 1e-9, float32: 1e-4 }

export const valuesOf = (graph: Graph, environment: Environment): ReadonlyMap<string, Tensor> =>
  orThrow(evaluate(graph, environment))

/** Asserts that two values agree; 0 and −0 are one number. @throws AssertionError */
export const expectAgreement = (seen: Tensor, wanted: Tensor, precision: Precision): void => {
  assert.deepEqual(seen.shape, wanted.shape)
  let furthest = 0
  let largest = 1
  for (let i = 0; i < wanted.data.length; i++) {
    const [a, b] = [seen.data[i], wanted.data[i]]
    if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) furthest = Math.max(furthest, Math.abs(a - b))
    if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b))
    if (Number.isNaN(a) !== Number.isNaN(b)) furthest = Number.POSITIVE_INFINITY
  }
  const allowed = tolerances[precision] * largest
  assert.ok(furthest <= allowed, `values ${furthest} apart where ${precision} allows ${allowed}`)
}

/** The names and types of a graph's outputs and of the inputs that they depend on. */
const interfaceOf = (graph: Graph) => {
  const live = liveNodes(graph)
  return {
    inputs: graph.nodes.flatMap((node, id) => (node.tag === 'Input' && live[id] ? [node.attributes] : [])),
    outputs: graph.outputs.map(({ name, node }) => ({ name, type: graph.nodes[node].type })),
  }
}

/** Asserts that two graphs read the same inputs and give outputs of the same names and types. @throws AssertionError */
export const expectSameInterface = (seen: Graph, wanted: Graph): void =>
  assert.deepEqual(interfaceOf(seen), interfaceOf(wanted))

/** Asserts that two sets of outputs agree. @throws AssertionError */
export const expectSameValues = (
  seen: ReadonlyMap<string, Tensor>,
  wanted: ReadonlyMap<string, Tensor>,
  precision: Precision,
): void => {
  assert.deepEqual([...seen.keys()], [...wanted.keys()])
  for (const [name, value] of wanted) expectAgreement(seen.get(name) as Tensor, value, precision)
}

/** Asserts that two graphs have the same interface and the same meaning there. @throws AssertionError */
export const expectSameMeaning = (
  [seen, seenAt]: readonly [Graph, Environment],
  [wanted, wantedAt]: readonly [Graph, Environment],
  precision: Precision,
): void => {
  expectSameInterface(seen, wanted)
  expectSameValues(valuesOf(seen, seenAt), valuesOf(wanted, wantedAt), precision)
}
