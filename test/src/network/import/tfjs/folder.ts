import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { io, LayersModel } from '@tensorflow/tfjs'
import { either as E } from 'fp-ts'
import { expect } from 'vitest'
import { evaluate, renderProblems, type Tensor } from '../../../../../ir/index.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { importTfjs, readTfjs } from '../../../../../src/network/import/tfjs/index.ts'
import { imageType, type Network } from '../../../../../src/network/network.ts'
import { tf } from '../../../../tensorflow-js.ts'

/** Files of a model by name, in a folder that is gone afterwards. */
export const inFolder = async <A>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (folder: string) => Promise<A>,
): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-tfjs-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const bytesOf = (data: io.WeightData | undefined): Uint8Array => new Uint8Array(data as ArrayBuffer)

/** The files that a model is saved as. */
export const filesOf = (artifacts: io.ModelArtifacts): Readonly<Record<string, string | Uint8Array>> => ({
  'model.json': JSON.stringify({
    modelTopology: artifacts.modelTopology,
    ...(artifacts.signature === undefined ? {} : { signature: artifacts.signature }),
    weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
  }),
  'weights.bin': bytesOf(artifacts.weightData),
})

/** What a model of layers is saved as. */
export const artifactsOf = async (model: LayersModel): Promise<io.ModelArtifacts> => {
  let saved: io.ModelArtifacts = {}
  await model.save(
    tf.io.withSaveHandler(async artifacts => {
      saved = artifacts
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
  return saved
}

export const imported = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<Network> =>
  orThrow(await inFolder(files, folder => importTfjs(join(folder, 'model.json'))()))

/** What a model's files say, whatever its outputs are. */
export const read = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<Computation> =>
  orThrow(await inFolder(files, folder => readTfjs(join(folder, 'model.json'))()))

/** The problems of a model that is refused, rendered, with the folder called `FOLDER`. */
export const refused = (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> =>
  inFolder(files, async folder => {
    const result = await importTfjs(join(folder, 'model.json'))()
    if (E.isRight(result)) throw new Error('the model was imported')
    return renderProblems(result.left).replaceAll(folder, 'FOLDER')
  })

/** Numbers from −1 to 1, the same for the same size and seed. */
export const fill = (size: number, seed = 1): Float32Array =>
  Float32Array.from({ length: size }, (_, i) => Math.sin(12.9898 * (i + 1) * seed + 78.233 * seed) % 1)

type Computation = Pick<Network, 'graph' | 'parameters'>

export const logitsOf = (network: Computation, images: Tensor): Tensor => {
  const { name } = imageType(network)
  const outputs = orThrow(
    evaluate(network.graph, { inputs: new Map([[name, images]]), parameters: network.parameters }),
  )
  return outputs.get(network.graph.outputs[0].name) as Tensor
}

export const probabilitiesOf = ({ shape: [n, c], data }: Tensor): Float32Array =>
  tf.tidy(() => tf.softmax(tf.tensor2d(Float32Array.from(data), [n, c])).dataSync() as Float32Array)

/** Runs the network and what TensorFlow.js makes of the same files on two images: their answers agree. */
export const expectSame = (
  network: Computation,
  predict: (images: ReturnType<typeof tf.tensor4d>) => unknown,
  as: 'logits' | 'probabilities' = 'logits',
): void => {
  const { h, w, c } = imageType(network)
  const data = fill(2 * h * w * c)
  const images = tf.tensor4d(data, [2, h, w, c])
  const answer = predict(images) as ReturnType<typeof tf.tensor>
  const expected = answer.dataSync()
  const logits = logitsOf(network, { shape: [2, h, w, c], data })
  const seen = as === 'logits' ? logits.data : probabilitiesOf(logits)
  expect(seen.length).toBe(expected.length)
  seen.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-4 * (1 + Math.abs(expected[i])))
  })
}
