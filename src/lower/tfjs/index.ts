import { fail } from '../error.ts'
import { type Fed, inputsOf, takeInputs } from '../inputs.ts'
import { checkParameters } from '../parameters.ts'
import { forms } from './forms.ts'

export type { LowerProblem } from '../error.ts'
export type { Fed } from '../inputs.ts'

import type { Tensor } from '@tensorflow/tfjs-core'
import { type Graph, type NodeId, problem, type Type, type Tensor as Values } from '../../../ir/index.ts'
import { legalized } from '../../../passes/legalize.ts'
import type { Tf } from '../../runtime/native/tensorflow-js.ts'
import { call, type Loaded, load } from './load.ts'
import { schedule } from './schedule.ts'

/** A flat graph ready to run on one backend, its constants computed and held there. */
export interface Executable {
  /** The inputs that a call must give, by name. */
  readonly inputs: ReadonlyMap<string, Type>
  /**
   * The value of every output by name, without waiting for it: `await output.data()` does, and the caller disposes of
   * it. Per-example values carry the batch, of any size, as their first axis.
   * @throws EspalierError where an input is missing or has another shape.
   */
  readonly run: (inputs: Readonly<Record<string, Fed>>) => Readonly<Record<string, Tensor>>
  readonly dispose: () => void
}

/**
 * Loads a flat or stacked graph onto the backend that TensorFlow.js computes with now; every run makes that one current again.
 * What depends on parameters alone is computed here, once.
 * @throws EspalierError where the graph is branched or a parameter is missing.
 */
export const lower = (tf: Tf, source: Graph, parameters: ReadonlyMap<string, Values>): Executable => {
  if (source.dialect === 'branched')
    fail([problem('bad-dialect', 'graph', 'a branched graph', 'a flat or a stacked graph', 'unroll it first')])
  const backend = tf.getBackend()
  const graph = legalized(source, forms(backend))
  // Only WebAssembly's fused kernels are one pass over memory; the native backend runs theirs as three ops.
  const plan = schedule(graph, backend === 'wasm')
  checkParameters(graph, plan.live, parameters)
  const inputs = inputsOf(graph, plan.live)
  const held = new Set<Tensor>()
  const keep = <T extends Tensor>(constant: T): T => {
    held.add(tf.keep(constant))
    return constant
  }
  let steps: readonly Loaded[] = []
  let constants: readonly (Tensor | undefined)[] = []
  // Nothing is returned out of `tidy`, which would walk it element by element.
  tf.tidy(() => {
    ;({ steps, constants } = load({ tf, backend, keep }, graph, plan, parameters))
  })

  const run = (fed: Readonly<Record<string, Fed>>): Readonly<Record<string, Tensor>> => {
    const values = constants.slice()
    takeInputs(tf, inputs, fed).forEach((value, k) => {
      values[inputs[k].id] = value
    })
    const read = (id: NodeId): Tensor => values[id] as Tensor
    steps.forEach((loaded, at) => {
      const { id, operands } = loaded.step
      values[id] = tf.tidy(() => {
        const result = call(loaded, read)
        return operands.some(operand => values[operand] === result) ? tf.clone(result) : result
      })
      for (const gone of plan.released[at]) {
        values[gone]?.dispose()
        values[gone] = undefined
      }
    })
    const given = new Set<NodeId>()
    return Object.fromEntries(
      graph.outputs.map(({ name, node }) => {
        const own = !plan.constant[node] && !given.has(node)
        given.add(node)
        return [name, own ? read(node) : tf.clone(read(node))]
      }),
    )
  }

  let disposed = false
  return {
    inputs: new Map(inputs.map(({ name, type }) => [name, type])),
    run: fed => {
      if (disposed) throw new Error('the executable is disposed of')
      // A backend that has started is current as soon as this returns: only starting one takes waiting.
      if (tf.getBackend() !== backend) void tf.setBackend(backend)
      return tf.tidy(() => run(fed))
    },
    dispose: () => {
      disposed = true
      for (const tensor of held) tensor.dispose()
      held.clear()
    },
  }
}
