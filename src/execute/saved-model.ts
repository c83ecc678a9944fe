import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs-core'
import { type Graph, liveNodes, type Tensor as Values } from '../../ir/index.ts'
import { inputsOf, takeInputs } from '../lower/inputs.ts'
import { lowerSavedModel, type SavedModelOptions } from '../lower/saved-model/index.ts'
import type { Executable } from '../lower/tfjs/index.ts'
import { makeNativeCurrent, type NativeRuntime, type SavedModel } from '../runtime/native/load.ts'

const loadFiles = async (native: NativeRuntime, files: ReadonlyMap<string, Uint8Array>): Promise<SavedModel> => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-'))
  try {
    for (const [name, bytes] of files) await writeFile(join(folder, name), bytes)
    return await native.loadSavedModel(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Hands a flat or stacked graph to TensorFlow as one, optimized by it or compiled by XLA; the first run of each batch
 * size takes longer for that.
 * @throws EspalierError where the graph is branched or a parameter is missing.
 */
export const openSavedModel = async (
  native: NativeRuntime,
  graph: Graph,
  parameters: ReadonlyMap<string, Values>,
  options: SavedModelOptions = {},
): Promise<Executable> => {
  const { tf } = native
  const model = await loadFiles(native, lowerSavedModel(graph, parameters, options))
  const inputs = inputsOf(graph, liveNodes(graph))
  let disposed = false
  return {
    inputs: new Map(inputs.map(({ name, type }) => [name, type])),
    run: fed => {
      if (disposed) throw new Error('the executable is disposed of')
      makeNativeCurrent(native)
      return tf.tidy(() => {
        const taken = takeInputs(tf, inputs, fed)
        const named = Object.fromEntries(inputs.map(({ name }, k) => [name, taken[k]]))
        return model.predict(named) as Record<string, Tensor>
      })
    },
    dispose: () => {
      if (!disposed) model.dispose()
      disposed = true
    },
  }
}
