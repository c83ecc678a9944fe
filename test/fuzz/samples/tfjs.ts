import type { io } from '@tensorflow/tfjs'
import { sizeOf } from '../../../ir/index.ts'
import { random } from '../../../src/base/random.ts'
import { tf } from '../../tensorflow-js.ts'

type Files = ReadonlyMap<string, Uint8Array>

const text = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(`${JSON.stringify(value)}\n`))

const modelFiles = (
  modelTopology: unknown,
  weights: readonly io.WeightsManifestEntry[],
  bytes: Uint8Array,
  more: object = {},
): Files =>
  new Map([
    [
      'model.json',
      text({ format: 'layers-model', modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights }], ...more }),
    ],
    ['weights.bin', bytes],
  ])

const values = (name: string, shape: readonly number[]): Float32Array => {
  const draw = random(7, name)
  const positive = /var|gamma/.test(name)
  return Float32Array.from({ length: sizeOf(shape) }, () => (positive ? draw.between(0.5, 2) : 0.4 * draw.normal()))
}

/** Models of layers as TensorFlow.js saves them. */
export const layersSamples = async (): Promise<ReadonlyMap<string, Files>> => {
  await tf.setBackend('cpu')
  const { layers: l } = tf
  const inputShape = [8, 8, 3]
  const residual = () => {
    const x = tf.input({ shape: inputShape })
    const a = l.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x)
    const b = l.batchNormalization({}).apply(l.depthwiseConv2d({ kernelSize: 3, padding: 'same' }).apply(a))
    const c = l.add().apply([a, b] as Parameters<ReturnType<typeof l.add>['apply']>[0])
    const d = l.globalAveragePooling2d({}).apply(l.reLU({ maxValue: 6 }).apply(c))
    return tf.model({
      inputs: x,
      outputs: l.dense({ units: 3, activation: 'softmax' }).apply(d) as ReturnType<typeof tf.input>,
    })
  }
  const models = {
    sequential: tf.sequential({
      layers: [
        l.conv2d({ inputShape, filters: 4, kernelSize: 3, strides: 2, activation: 'elu' }),
        l.maxPooling2d({ poolSize: 2, strides: 1 }),
        l.zeroPadding2d({ padding: 1 }),
        l.dropout({ rate: 0.5 }),
        l.flatten(),
        l.dense({ units: 4, activation: 'sigmoid' }),
        l.dense({ units: 3 }),
      ],
    }),
    residual: residual(),
  }
  const found = new Map<string, Files>()
  for (const [name, model] of Object.entries(models)) {
    await model.save(
      tf.io.withSaveHandler(async ({ modelTopology, weightSpecs = [] }) => {
        const bytes = Buffer.concat(weightSpecs.map(spec => Buffer.from(values(spec.name, spec.shape).buffer)))
        found.set(name, modelFiles(modelTopology, weightSpecs, bytes))
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
      }),
    )
  }
  return found
}

const base64 = (value: string): string => Buffer.from(value).toString('base64')
const list = (...numbers: readonly number[]) => ({ list: { i: numbers.map(String) } })
const node = (name: string, op: string, input: readonly string[], attr: object = {}) => ({
  name,
  op,
  input,
  attr: { T: { type: 'DT_FLOAT' }, ...attr },
})
const window = (padding: string, stride: number) => ({
  padding: { s: base64(padding) },
  strides: list(1, stride, stride, 1),
  dilations: list(1, 1, 1, 1),
  data_format: { s: base64('NHWC') },
})

type Constants = Readonly<Record<string, readonly number[] | { readonly ints: readonly number[] }>>

const frozen = (constants: Constants, nodes: readonly object[], quantized = false): Files => {
  const parts: Buffer[] = []
  const weights = Object.entries(constants).map(([name, value]) => {
    if ('ints' in value) {
      parts.push(Buffer.from(Int32Array.from(value.ints).buffer))
      return { name, shape: [value.ints.length], dtype: 'int32' as const }
    }
    const data = values(name, value)
    if (!quantized) {
      parts.push(Buffer.from(data.buffer))
      return { name, shape: [...value], dtype: 'float32' as const }
    }
    parts.push(Buffer.from(Uint8Array.from(data, v => Math.round((v + 2) * 60))))
    return {
      name,
      shape: [...value],
      dtype: 'float32' as const,
      quantization: { dtype: 'uint8' as const, scale: 1 / 60, min: -2 },
    }
  })
  const dim = [-1, 8, 8, 3].map(size => ({ size: String(size) }))
  const sources = [
    { name: 'image', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } } },
    ...Object.entries(constants).map(([name, value]) => ({
      name,
      op: 'Const',
      attr: { dtype: { type: 'ints' in value ? 'DT_INT32' : 'DT_FLOAT' } },
    })),
  ]
  return modelFiles({ node: [...sources, ...nodes], versions: {} }, weights, Buffer.concat(parts), {
    format: 'graph-model',
  })
}

/** Frozen graphs as TensorFlow.js's converter writes them. */
export const frozenSamples = (): ReadonlyMap<string, Files> =>
  new Map([
    [
      'convolutions',
      frozen(
        {
          w1: [3, 3, 3, 4],
          b1: [4],
          w2: [3, 3, 4, 1],
          gamma: [4],
          beta: [4],
          mean: [4],
          variance: [4],
          axes: { ints: [1, 2] },
          w3: [4, 3],
        },
        [
          node('a', 'Conv2D', ['image', 'w1'], window('SAME', 2)),
          node('b', 'BiasAdd', ['a', 'b1'], { data_format: { s: base64('NHWC') } }),
          node('c', 'Relu6', ['b']),
          node('d', 'DepthwiseConv2dNative', ['c', 'w2'], window('SAME', 1)),
          node('e', 'FusedBatchNormV3', ['d', 'gamma', 'beta', 'mean', 'variance'], {
            epsilon: { f: 0.001 },
            is_training: { b: false },
          }),
          node('f', 'AddV2', ['e', 'c']),
          node('g', 'Mean', ['f', 'axes'], { keep_dims: { b: false } }),
          node('h', 'MatMul', ['g', 'w3']),
          node('y', 'Softmax', ['h']),
        ],
      ),
    ],
    [
      'quantized',
      frozen(
        {
          w1: [3, 3, 3, 4],
          paddings: { ints: [0, 0, 1, 1, 1, 1, 0, 0] },
          w3: [64, 3],
          target: { ints: [-1, 64] },
          size: { ints: [8, 8] },
        },
        [
          node('a', 'Conv2D', ['image', 'w1'], window('SAME', 2)),
          node('b', 'MaxPool', ['a'], { ...window('VALID', 2), ksize: list(1, 2, 2, 1) }),
          node('c', 'ResizeBilinear', ['b', 'size'], { half_pixel_centers: { b: true } }),
          node('d', 'AvgPool', ['c'], { ...window('SAME', 2), ksize: list(1, 2, 2, 1) }),
          node('e', 'Sigmoid', ['d']),
          node('f', 'Mul', ['d', 'e']),
          node('g', 'Reshape', ['f', 'target']),
          node('y', 'MatMul', ['g', 'w3']),
        ],
        true,
      ),
    ],
  ])
