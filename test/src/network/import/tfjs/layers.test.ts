import type { SymbolicTensor } from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../../tensorflow-js.ts'
import { artifactsOf, expectSame, filesOf, fill, imported, read } from './folder.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

type Build = (x: SymbolicTensor) => SymbolicTensor

const { layers } = tf

const shape = [6, 5, 4]

/** Weights that are not what layers begin with, variances positive. */
const withWeights = (model: ReturnType<typeof tf.model>): ReturnType<typeof tf.model> => {
  for (const layer of model.layers) {
    const weights = layer.weights.map((weight, at) => {
      const { shape: own } = weight
      const data = fill(
        own.reduce<number>((n, extent) => n * (extent ?? 1), 1),
        at + 2,
      )
      return tf.tensor(/variance/.test(weight.name) ? data.map(v => v * v + 0.5) : data, own as number[])
    })
    if (weights.length > 0 && layer.getClassName() !== 'Functional' && layer.getClassName() !== 'Sequential')
      layer.setWeights(weights)
    if ('layers' in layer) withWeights(layer as unknown as ReturnType<typeof tf.model>)
  }
  return model
}

const check = async (build: Build, own = shape): Promise<void> => {
  const x = tf.input({ shape: own })
  const y = build(x)
  const outputs = y.shape.length === 2 ? y : (layers.flatten().apply(y) as SymbolicTensor)
  const model = withWeights(tf.model({ inputs: x, outputs }))
  expectSame(await read(filesOf(await artifactsOf(model))), images => model.predict(images))
}

const on =
  (layer: { readonly apply: (x: SymbolicTensor) => unknown }): Build =>
  x =>
    layer.apply(x) as SymbolicTensor

const merged =
  (layer: { readonly apply: (x: SymbolicTensor[]) => unknown }, more = 1): Build =>
  x => {
    const others = Array.from(
      { length: more },
      () => layers.conv2d({ filters: 4, kernelSize: 1 }).apply(x) as SymbolicTensor,
    )
    return layer.apply([x, ...others]) as SymbolicTensor
  }

const cases: Readonly<Record<string, Build>> = {
  'conv2d valid, strided': on(layers.conv2d({ filters: 3, kernelSize: [3, 2], strides: [2, 1] })),
  'conv2d same, strided': on(
    layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }),
  ),
  'conv2d dilated, no bias': on(
    layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2, padding: 'same', useBias: false }),
  ),
  depthwise: on(layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 1 })),
  'depthwise, two outputs a channel': on(
    layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, activation: 'relu6' }),
  ),
  separable: on(
    layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'tanh' }),
  ),
  'dense on a vector': x => on(layers.dense({ units: 7, activation: 'sigmoid' }))(on(layers.flatten())(x)),
  'dense on a map': on(layers.dense({ units: 7 })),
  'batch normalization': on(layers.batchNormalization()),
  'batch normalization, axis 3, no scale': on(layers.batchNormalization({ axis: 3, scale: false, epsilon: 0.01 })),
  'batch normalization, no centre': on(layers.batchNormalization({ center: false })),
  'batch normalization of a vector': x => on(layers.batchNormalization())(on(layers.flatten())(x)),
  relu: on(layers.reLU()),
  'relu up to 6': on(layers.reLU({ maxValue: 6 })),
  'relu up to 0.5': on(layers.reLU({ maxValue: 0.5 })),
  'leaky relu': on(layers.leakyReLU({ alpha: 0.1 })),
  prelu: on(layers.prelu({})),
  'prelu, shared pixels': on(layers.prelu({ sharedAxes: [1, 2] })),
  elu: on(layers.elu()),
  softmax: x => on(layers.activation({ activation: 'tanh' }))(on(layers.softmax())(on(layers.flatten())(x))),
  add: merged(layers.add()),
  'multiply three': merged(layers.multiply(), 2),
  average: merged(layers.average(), 2),
  maximum: merged(layers.maximum()),
  minimum: merged(layers.minimum()),
  concatenate: merged(layers.concatenate(), 2),
  'concatenate along axis 3': merged(layers.concatenate({ axis: 3 })),
  'max pooling': on(layers.maxPooling2d({ poolSize: 2 })),
  'max pooling same': on(layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'average pooling': on(layers.averagePooling2d({ poolSize: [2, 3], strides: [1, 2] })),
  'average pooling same': on(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'global average pooling': on(layers.globalAveragePooling2d({})),
  'global max pooling': on(layers.globalMaxPooling2d({})),
  'zero padding': on(
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [2, 3],
      ],
    }),
  ),
  cropping: on(
    layers.cropping2D({
      cropping: [
        [1, 0],
        [2, 1],
      ],
    }),
  ),
  flatten: on(layers.flatten()),
  permute: on(layers.permute({ dims: [3, 1, 2] })),
  'permute rows and columns': on(layers.permute({ dims: [2, 1, 3] })),
  dropout: on(layers.dropout({ rate: 0.5 })),
  'gaussian noise': on(layers.gaussianNoise({ stddev: 1 })),
  'gaussian dropout': on(layers.gaussianDropout({ rate: 0.5 })),
  upsampling: on(layers.upSampling2d({ size: [2, 3] })),
  'upsampling bilinear': on(layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })),
  'transposed convolution same': on(layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: 'same' })),
  'transposed convolution valid': on(layers.conv2dTranspose({ filters: 3, kernelSize: [2, 4], strides: [3, 2] })),
  'layer normalization': on(layers.layerNormalization()),
  'layer normalization of all axes, no centre': on(layers.layerNormalization({ axis: [1, 2, 3], center: false })),
  'layer normalization of a vector': x => on(layers.layerNormalization({ epsilon: 0.01 }))(on(layers.flatten())(x)),
  'softmax of channels': on(layers.softmax({ axis: 3 })),
  rescaling: on(layers.rescaling({ scale: 0.5, offset: -1 })),
  'reshape to one pixel and back': x => {
    const pixel = on(layers.reshape({ targetShape: [1, 1, 4] }))(on(layers.globalAveragePooling2d({}))(x))
    const weighed = on(layers.conv2d({ filters: 6, kernelSize: 1, padding: 'same' }))(pixel)
    return on(layers.reshape({ targetShape: [6] }))(weighed)
  },
  'squeeze and excitation': x => {
    const pixel = on(layers.reshape({ targetShape: [1, 1, 4] }))(on(layers.globalAveragePooling2d({}))(x))
    const gate = on(layers.conv2d({ filters: 4, kernelSize: 1, activation: 'hardSigmoid' }))(pixel)
    return layers.multiply().apply([x, gate]) as SymbolicTensor
  },
  'a layer used twice': x => {
    const shared = layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' })
    return on(shared)(on(shared)(x))
  },
}

describe('layers give what TensorFlow.js computes', () => {
  for (const [name, build] of Object.entries(cases)) it(name, () => check(build))

  const activations = [
    'elu',
    'selu',
    'relu',
    'relu6',
    'linear',
    'sigmoid',
    'hardSigmoid',
    'softplus',
    'softsign',
    'tanh',
    'swish',
    'mish',
    'gelu',
    'gelu_new',
  ] as const
  for (const activation of activations)
    it(`activation ${activation}`, () => check(on(layers.activation({ activation: activation as 'elu' }))))
})

it('depthwise convolution dilates, which the layer of TensorFlow.js leaves out', async () => {
  const x = tf.input({ shape })
  const layer = layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2, useBias: false })
  const model = withWeights(
    tf.model({ inputs: x, outputs: layers.globalAveragePooling2d({}).apply(layer.apply(x)) as SymbolicTensor }),
  )
  const [kernel] = layer.getWeights()
  expectSame(await imported(filesOf(await artifactsOf(model))), images =>
    tf.mean(tf.depthwiseConv2d(images, kernel as ReturnType<typeof tf.tensor4d>, 1, 'valid', 'NHWC', 2), [1, 2]),
  )
})

describe('models of models', () => {
  it('a sequential model with an implied input', async () => {
    const model = tf.sequential({
      layers: [
        layers.conv2d({ filters: 3, kernelSize: 3, inputShape: shape }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 4, activation: 'softmax' }),
      ],
    })
    withWeights(model)
    const network = await imported(filesOf(await artifactsOf(model)))
    expect(network.graph.nodes[network.graph.outputs[0].node].tag).toBe('Binary')
    expectSame(network, images => model.predict(images), 'probabilities')
  })

  it('a model in a model, called twice, in a sequential one', async () => {
    const inner = tf.input({ shape })
    const block = tf.model({
      inputs: inner,
      outputs: on(layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }))(inner),
      name: 'block',
    })
    const x = tf.input({ shape })
    const body = tf.model({ inputs: x, outputs: on(block)(on(layers.reLU())(on(block)(x))), name: 'body' })
    const model = withWeights(
      tf.sequential({ layers: [body, layers.globalMaxPooling2d({}), layers.dense({ units: 3 })] }) as never,
    )
    const network = await imported(filesOf(await artifactsOf(model)))
    expectSame(network, images => model.predict(images))
    expect([...network.parameters.keys()].length).toBe(4)
  })
})

it('a sigmoid of one unit is two classes, of five units labels', async () => {
  const built = (units: number) => {
    const x = tf.input({ shape })
    const y = layers.dense({ units, activation: 'sigmoid' }).apply(layers.globalAveragePooling2d({}).apply(x))
    return withWeights(tf.model({ inputs: x, outputs: y as SymbolicTensor }))
  }
  const one = built(1)
  expectSame(
    await imported(filesOf(await artifactsOf(one))),
    images =>
      tf.tidy(() => {
        const p = one.predict(images) as ReturnType<typeof tf.tensor2d>
        return tf.concat([tf.sub(1, p), p], 1)
      }),
    'probabilities',
  )
  const { outputs } = await imported(filesOf(await artifactsOf(built(5))))
  expect(outputs).toMatchObject([{ kind: 'labels', gives: 'probabilities' }])
})
