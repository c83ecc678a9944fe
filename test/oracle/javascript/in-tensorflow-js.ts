import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { io, Tensor } from '@tensorflow/tfjs'
import { tf } from '../../tensorflow-js.ts'

/** Layers that UpscalerJS registers beside those of Keras. */
const registerUpscalerLayers = (): void => {
  const first = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0] : inputs)
  class MultiplyBeta extends tf.layers.Layer {
    static className = 'MultiplyBeta'
    override call(inputs: Tensor | Tensor[]): Tensor {
      return tf.mul(first(inputs), 0.2)
    }
  }
  tf.serialization.registerClass(MultiplyBeta)
  for (const times of [2, 3, 4, 8]) {
    class PixelShuffle extends tf.layers.Layer {
      static className = `PixelShuffle${times}x`
      override computeOutputShape([n, h, w]: number[]): (number | null)[] {
        return [n, h && h * times, w && w * times, 3]
      }
      override call(inputs: Tensor | Tensor[]): Tensor {
        return tf.depthToSpace(first(inputs) as Parameters<typeof tf.depthToSpace>[0], times)
      }
    }
    tf.serialization.registerClass(PixelShuffle as Parameters<typeof tf.serialization.registerClass>[0])
  }
}

let registered = false

/** A model as TensorFlow.js runs it: all outputs of an image. */
export const inTensorFlowJs = async (file: string): Promise<(image: Tensor) => readonly Tensor[]> => {
  if (!registered) registerUpscalerLayers()
  registered = true
  const json = JSON.parse(readFileSync(file, 'utf8'))
  const groups: readonly { readonly paths: string[]; readonly weights: io.WeightsManifestEntry[] }[] =
    json.weightsManifest
  const bytes = groups.flatMap(({ paths }) => paths.map(path => readFileSync(join(dirname(file), path))))
  const artifacts = {
    ...{ modelTopology: json.modelTopology, format: json.format, signature: json.signature },
    weightSpecs: groups.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(bytes)).buffer,
  }
  const from = tf.io.fromMemory(artifacts)
  const model = Object.hasOwn(json.modelTopology, 'node')
    ? await tf.loadGraphModel(from)
    : await tf.loadLayersModel(from)
  return image => [model.predict(image)].flat() as Tensor[]
}
