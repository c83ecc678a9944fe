import { expect } from 'vitest'
import {
  type Environment,
  evaluate,
  type Graph,
  isPerExample,
  shapeOf,
  sizeOf,
  type Tensor,
} from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'

/** Other people's runtimes have bugs that some graphs meet: what is drawn for them is the same in every run. */
export const runtimeSeed = 20261123

/** Numbers in [-1, 1) that a seed gives. */
export const numbers = (size: number, seed: number): Float32Array => {
  let state = (seed * 2654435761 + 1) >>> 0
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 32) * 2 - 1
  })
}

/** A batch of n for every input and a value for every parameter; names with `variance` get positive ones. */
export const fill = (graph: Graph, n: number, seed = 1): Environment => {
  const inputs = new Map<string, Tensor>()
  const parameters = new Map<string, Tensor>()
  graph.nodes.forEach((node, id) => {
    if (node.tag !== 'Input' && node.tag !== 'Parameter') return
    const shape = isPerExample(node.type) ? [n, ...shapeOf(node.type)] : shapeOf(node.type)
    const { name } = node.attributes
    const data = numbers(sizeOf(shape), seed + id)
    const value = { shape, data: name.includes('variance') ? data.map(v => Math.abs(v) + 0.1) : data }
    ;(node.tag === 'Input' ? inputs : parameters).set(name, value)
  })
  return { inputs, parameters }
}

export const expectClose = (seen: Tensor, wanted: Tensor, name: string, tolerance: number): void => {
  expect(seen.shape, name).toEqual(wanted.shape)
  const values = Array.from(wanted.data)
  const size = values.reduce((m, v) => Math.max(m, Number.isFinite(v) ? Math.abs(v) : 0), 1)
  const worst = values.findIndex((v, i) => !(v === seen.data[i] || Math.abs(v - seen.data[i]) <= tolerance * size))
  if (worst >= 0) expect.fail(`${name}[${worst}] is ${seen.data[worst]}, not ${wanted.data[worst]}`)
}

/** Compares the outputs that something gave with those of the reference evaluator, name by name, relative to the largest number. */
export const expectOutputs = (
  seen: Readonly<Record<string, Tensor>>,
  graph: Graph,
  environment: Environment,
  tolerance = 1e-4,
): void => {
  const wanted = orThrow(evaluate(graph, environment))
  expect([...Object.keys(seen)].sort()).toEqual([...wanted.keys()].sort())
  for (const [name, value] of wanted) expectClose(seen[name], value, name, tolerance)
}
