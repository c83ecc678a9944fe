import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import type { Environment, Graph } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { lower } from '../../../../src/lower/tfjs/index.ts'
import { type Backend, openBackend } from '../../../../src/runtime/backend.ts'
import { type BackendName, backendNames } from '../../../../src/runtime/backend-names.ts'
import { plainKernels } from '../../../plain-kernels.ts'
import { expectOutputs } from '../agree.ts'

/** The backends there are on this machine, and why others are not. */
export const backends: readonly { readonly name: BackendName; readonly absent: string | undefined }[] =
  await Promise.all(
    backendNames
      .filter(name => name === 'node-gpu' || !plainKernels)
      .map(async name => {
        const opened = await openBackend(name)
        return { name, absent: E.isLeft(opened) ? `${opened.left.seen}: ${opened.left.hint}` : undefined }
      }),
  )

export const start = async (name: BackendName): Promise<Backend> => orThrow(await openBackend(name))

/** Lowers, runs and compares every output with the reference evaluator, and counts that no tensor is left. */
export const expectAgreement = ({ tf }: Backend, graph: Graph, ...environments: readonly Environment[]): void => {
  const before = tf.memory().numTensors
  const executable = lower(tf, graph, environments[0].parameters)
  const loaded = tf.memory().numTensors
  for (const environment of environments) {
    const fed = Object.fromEntries(
      [...environment.inputs].map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
    )
    const outputs = executable.run(fed)
    const seen = Object.entries(outputs).map(([name, output]) => [
      name,
      { shape: output.shape, data: output.dataSync() as Float32Array },
    ])
    expectOutputs(Object.fromEntries(seen), graph, environment)
    for (const output of Object.values(outputs)) output.dispose()
    for (const tensor of Object.values(fed)) tensor.dispose()
    expect(tf.memory().numTensors, 'tensors after a run').toBe(loaded)
  }
  executable.dispose()
  expect(tf.memory().numTensors, 'tensors after dispose').toBe(before)
}
