import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import type { Environment, Graph } from '../../../../ir/index.ts'
import { openSavedModel } from '../../../../src/execute/saved-model.ts'
import type { SavedModelOptions } from '../../../../src/lower/saved-model/index.ts'
import { openBackend } from '../../../../src/runtime/backend.ts'
import type { NativeRuntime } from '../../../../src/runtime/native/load.ts'
import { expectOutputs } from '../agree.ts'

const opened = await openBackend('node-gpu')

/** Why graphs are not run here, where they are not. */
export const absent: string | undefined = E.isLeft(opened) ? `${opened.left.seen}: ${opened.left.hint}` : undefined

/** TensorFlow, where it is not absent. */
export const native = (): NativeRuntime => {
  if (E.isLeft(opened) || opened.right.native === undefined) throw new Error(absent)
  return opened.right.native
}

/** Hands a graph over, runs it, compares every output with the reference evaluator, and counts that no tensor is left. */
export const expectAgreement = async (
  graph: Graph,
  environments: readonly Environment[],
  options: SavedModelOptions = {},
  tolerance?: number,
): Promise<void> => {
  const { tf } = native()
  const before = tf.memory().numTensors
  const executable = await openSavedModel(native(), graph, environments[0].parameters, options)
  for (const environment of environments) {
    const fed = Object.fromEntries(
      [...environment.inputs].map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
    )
    const outputs = executable.run(fed)
    const seen = Object.entries(outputs).map(([name, output]) => [
      name,
      { shape: output.shape, data: output.dataSync() as Float32Array },
    ])
    expectOutputs(Object.fromEntries(seen), graph, environment, tolerance)
    tf.dispose([outputs, fed])
    expect(tf.memory().numTensors, 'tensors after a run').toBe(before)
  }
  executable.dispose()
}
