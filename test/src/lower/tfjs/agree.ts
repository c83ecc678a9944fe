import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import {
  type Environment,
  evaluate,
  type Graph,
  isPerExample,
  shapeOf,
  sizeOf,
  type Tensor,
} from '../../../../ir/index.ts'
import { lower } from '../../../../src/lower/tfjs/index.ts'
import { type Backend, type BackendName, backendNames, openBackend } from '../../../../src/runtime/backend.ts'

/** The backends there are on this machine, and why others are not. */
export const backends: readonly { readonly name: BackendName; readonly absent: string | undefined }[] =
  await Promise.all(
    backendNames.map(async name => {
      const opened = await openBackend(name)
      return { name, absent: E.isLeft(opened) ? `${opened.left.seen}: ${opened.left.hint}` : undefined }
    }),
  )

export const start = async (name: BackendName): Promise<Backend> => {
  const opened = await openBackend(name)
  if (E.isLeft(opened)) throw new Error(opened.left.seen)
  return opened.right
}

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

const tolerance = 1e-4

const expectClose = (seen: Tensor, wanted: Tensor, name: string): void => {
  expect(seen.shape, name).toEqual(wanted.shape)
  const values = Array.from(wanted.data)
  const size = values.reduce((m, v) => Math.max(m, Number.isFinite(v) ? Math.abs(v) : 0), 1)
  const worst = values.findIndex((v, i) => !(v === seen.data[i] || Math.abs(v - seen.data[i]) <= tolerance * size))
  if (worst >= 0) expect.fail(`${name}[${worst}] is ${seen.data[worst]}, not ${wanted.data[worst]}`)
}

/** Lowers, runs and compares every output with the reference evaluator, and counts that no tensor is left. */
export const expectAgreement = ({ tf }: Backend, graph: Graph, ...environments: readonly Environment[]): void => {
  const before = tf.memory().numTensors
  const executable = lower(tf, graph, environments[0].parameters)
  const loaded = tf.memory().numTensors
  for (const environment of environments) {
    const wanted = evaluate(graph, environment)
    if (E.isLeft(wanted)) throw new Error(JSON.stringify(wanted.left))
    const fed = Object.fromEntries(
      [...environment.inputs].map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
    )
    const outputs = executable.run(fed)
    expect([...Object.keys(outputs)].sort()).toEqual([...wanted.right.keys()].sort())
    for (const [name, value] of wanted.right) {
      const output = outputs[name]
      expectClose({ shape: output.shape, data: output.dataSync() as Float32Array }, value, name)
    }
    for (const output of Object.values(outputs)) output.dispose()
    for (const tensor of Object.values(fed)) tensor.dispose()
    expect(tf.memory().numTensors, 'tensors after a run').toBe(loaded)
  }
  executable.dispose()
  expect(tf.memory().numTensors, 'tensors after dispose').toBe(before)
}
