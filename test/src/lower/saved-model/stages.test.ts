import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor as TfTensor } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Environment, Tensor } from '../../../../ir/index.ts'
import type { Stage } from '../../../../passes/index.ts'
import { lowerSavedModel, type SavedModelOptions } from '../../../../src/lower/saved-model/index.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'
import { expectOutputs, runtimeSeed } from '../agree.ts'
import { arbitraryGated, rowsThatStay } from '../gated.ts'
import { absent, native } from './agree.ts'
import { runners } from './runners.ts'

type Outputs = Readonly<Record<string, Tensor>>

/** What TensorFlow gives for stages in one file, on each environment. */
const runAll = async (
  stages: readonly Stage[],
  environments: readonly Environment[],
  options: SavedModelOptions = {},
): Promise<readonly Outputs[]> => {
  const folder = await temporaryFolder('stages')
  for (const [name, bytes] of lowerSavedModel(stages, environments[0].parameters, options))
    await writeFile(join(folder, name), bytes)
  const { tf, loadSavedModel } = native()
  const model = await loadSavedModel(folder)
  const outputs = environments.map(({ inputs }) =>
    tf.tidy(() => {
      const fed = [...inputs].map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])])
      const given = model.predict(Object.fromEntries(fed)) as Record<string, TfTensor>
      return Object.fromEntries(
        Object.entries(given).map(([name, value]) => [
          name,
          { shape: value.shape, data: value.dataSync() as Float32Array },
        ]),
      )
    }),
  )
  model.dispose()
  return outputs
}

describe.each(runners.filter(({ options }) => options.xla !== true))('stages in one SavedModel, in $name', runner => {
  const { options, tolerance, share } = runner

  it('mean what the evaluator says of the whole, whoever goes on', async context => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(arbitraryGated, async drawn => {
        fc.pre(drawn !== undefined)
        const { graph, stages, environments } = drawn
        const seen = await runAll(stages, environments, options)
        for (const [k, outputs] of seen.entries()) expectOutputs(outputs, graph, environments[k], tolerance)
      }),
      { numRuns: Math.ceil(80 * share), seed: runtimeSeed },
    )
  })
})

describe('stages in one SavedModel', () => {
  it('go on from a certainty below the threshold alone', async context => {
    context.skip(absent !== undefined, absent)
    const { stages, rows, wanted } = rowsThatStay()
    const inputs = new Map([['x', { shape: [4, 4], data: rows }]])
    const [{ y }] = await runAll(stages, [{ inputs, parameters: new Map() }])
    expect(Array.from(y.data)).toEqual(wanted)
  })

  it('are refused for XLA, which knows no number of examples before', () => {
    expect(() => lowerSavedModel(rowsThatStay().stages, new Map(), { xla: true })).toThrow(
      'xla: saw 2 stages; expected one',
    )
  })
})
