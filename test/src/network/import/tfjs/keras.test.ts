import { expect, it } from 'vitest'
import { tf } from '../../../../tensorflow-js.ts'
import { expectSame, fill, imported, refused } from './folder.ts'
import { files, type Layer, pool } from './keras-files.ts'

for (const version of [2, 3] as const)
  it(`models as Keras ${version} writes them`, async () => {
    const layers: readonly Layer[] = [
      { name: 'a', class_name: 'Conv2D', config: { activation: 'relu', padding: 'same' }, reads: ['image'] },
      { name: 'd', class_name: 'Subtract', reads: ['image', 'a'] },
      { ...pool, reads: ['d'] },
    ]
    const network = await imported(files(version, layers, { 'net/a/kernel': [3, 3, 4, 4], 'net/a/bias': [4] }))
    const kernel = tf.tensor4d(fill(144, 2), [3, 3, 4, 4])
    expectSame(network, images =>
      tf.mean(tf.sub(images, tf.relu(tf.add(tf.conv2d(images, kernel, 1, 'same'), tf.tensor1d(fill(4, 3))))), [1, 2]),
    )
  })

it('a grouped convolution', async () => {
  const layers: readonly Layer[] = [
    { name: 'a', class_name: 'Conv2D', config: { groups: 2, use_bias: false }, reads: ['image'] },
    { ...pool, reads: ['a'] },
  ]
  const network = await imported(files(2, layers, { 'a/kernel': [3, 3, 2, 6] }))
  const kernel = tf.tensor4d(fill(108, 2), [3, 3, 2, 6])
  expectSame(network, images => {
    const [first, second] = tf.split<ReturnType<typeof tf.tensor4d>>(kernel, 2, 3)
    const parts = [
      tf.conv2d(tf.slice(images, [0, 0, 0, 0], [-1, -1, -1, 2]), first, 1, 'valid'),
      tf.conv2d(tf.slice(images, [0, 0, 0, 2], [-1, -1, -1, 2]), second, 1, 'valid'),
    ]
    return tf.mean(tf.concat(parts, 3), [1, 2])
  })
})

it('rectifiers that TensorFlow.js has no layer for', async () => {
  const layers: readonly Layer[] = [
    { name: 'a', class_name: 'ReLU', config: { negative_slope: 0.3, max_value: 0.4, threshold: 0 }, reads: ['image'] },
    { name: 'b', class_name: 'ELU', config: { alpha: 0.5 }, reads: ['image'] },
    {
      name: 'c',
      class_name: 'Activation',
      config: { activation: { class_name: 'function', config: 'exponential' } },
      reads: ['b'],
    },
    { name: 'd', class_name: 'Activation', config: { activation: 'hard_swish' }, reads: ['c'] },
    { name: 'sum', class_name: 'Add', reads: ['a', 'd'] },
    { ...pool, reads: ['sum'] },
  ]
  const network = await imported(files(2, layers, {}))
  expectSame(network, images => {
    const a = tf.minimum(tf.leakyRelu(images, 0.3), 0.4)
    const c = tf.exp(tf.where(tf.less(images, 0), tf.mul(0.5, tf.sub(tf.exp(images), 1)), images))
    const d = tf.mul(c, tf.div(tf.relu6(tf.add(c, 3)), 6))
    return tf.mean(tf.add(a, d), [1, 2])
  })
})

it('normalization by statistics, pooling that keeps its axes', async () => {
  const layers: readonly Layer[] = [
    {
      name: 'n',
      class_name: 'Normalization',
      config: { axis: [-1], mean: [0.1, 0.2, 0.3, 0.4], variance: [1, 4, 0.25, 0.04] },
      reads: ['image'],
    },
    { name: 'c', class_name: 'Cropping2D', config: { cropping: 1 }, reads: ['n'] },
    { name: 'p', class_name: 'GlobalMaxPooling2D', config: { keepdims: true }, reads: ['c'] },
    { name: 'conv', class_name: 'Conv2D', config: { use_bias: false }, reads: ['p'] },
    { name: 'flat', class_name: 'Flatten', reads: ['conv'] },
    { name: 's', class_name: 'Softmax', config: { axis: -1 }, reads: ['flat'] },
  ]
  const network = await imported(files(2, layers, { 'conv/kernel': [1, 1, 4, 3] }))
  expect(network.graph.nodes.some(({ tag }) => tag === 'Flatten')).toBe(true)
  expectSame(
    network,
    images => {
      const normal = tf.div(tf.sub(images, [0.1, 0.2, 0.3, 0.4]), [1, 2, 0.5, 0.2])
      const best = tf.max(tf.slice(normal, [0, 1, 1, 0], [-1, 4, 3, -1]), [1, 2])
      return tf.softmax(tf.matMul(best as ReturnType<typeof tf.tensor2d>, tf.tensor2d(fill(12, 2), [4, 3])))
    },
    'probabilities',
  )
})

it('two weights that could be meant, an activation that is not known', async () => {
  const layers: readonly Layer[] = [
    { name: 'a', class_name: 'Conv2D', config: { use_bias: false, activation: 'snake' }, reads: ['image'] },
    { ...pool, reads: ['a'] },
  ]
  const kernel = [3, 3, 4, 2]
  expect(await refused(files(2, layers, { 'x/a/kernel': kernel, 'y/a/kernel': kernel }))).toBe(
    'FOLDER/model.json, layer a (Conv2D): saw weights x/a/kernel, y/a/kernel; expected one that is a/kernel.',
  )
  expect(await refused(files(2, layers, { 'a/kernel': kernel }))).toMatch(
    /layer a \(Conv2D\): saw activation snake; expected one of linear, relu, /,
  )
})

/** A call of a function, as a version of Keras writes it. */
const called = (
  version: 2 | 3,
  name: string,
  names: readonly [string, string],
  reads: string,
  value: unknown,
): Layer => {
  const [fn, operation] = names
  return version === 2
    ? { name, class_name: 'TFOpLambda', config: { function: fn }, reads: [reads], with: { y: value, name: null } }
    : { name, class_name: operation, module: 'keras.src.ops.numpy', reads: [reads], with: value }
}

for (const version of [2, 3] as const)
  it(`functions that a model of Keras ${version} calls as layers`, async () => {
    const layers: readonly Layer[] = [
      called(version, 'more', ['__operators__.add', 'Add'], 'image', 3),
      { name: 'six', class_name: 'ReLU', config: { max_value: 6 }, reads: ['more'] },
      called(version, 'share', ['math.multiply', 'Multiply'], 'six', 1 / 6),
      { name: 'gated', class_name: 'Multiply', reads: ['image', 'share'] },
      { ...pool, reads: ['gated'] },
    ]
    const network = await imported(files(version, layers, {}))
    expectSame(network, images => tf.mean(tf.mul(images, tf.div(tf.relu6(tf.add(images, 3)), 6)), [1, 2]))
  })

it('a function of two results, of a constant first, and one that is not known', async () => {
  const between: Layer = {
    ...{ name: 'far', class_name: 'TFOpLambda', config: { function: 'math.subtract' } },
    ...{ reads: ['image'], with: { y: ['image', 0, 0], name: null } },
  }
  const rest = {
    name: 'rest',
    class_name: 'TFOpLambda',
    config: { function: 'math.subtract' },
    first: 1,
    with: { y: ['far', 0, 0] },
  }
  const network = await imported(files(2, [between, rest, { ...pool, reads: ['rest'] }], {}))
  expectSame(network, images => tf.mean(tf.sub(1, tf.sub(images, images)), [1, 2]))
  const unknown = { ...between, config: { function: 'signal.fft2d' } }
  expect(await refused(files(2, [unknown, { ...pool, reads: ['far'] }], {}))).toContain('layer far (TFOpLambda)')
})

it('layers of the applications themselves: a number a channel, and a share added', async () => {
  for (const weight of ['gamma', 'variable_3']) {
    const layers: readonly Layer[] = [
      { name: 'scaled', class_name: 'LayerScale', config: { projection_dim: 4 }, reads: ['image'] },
      { name: 'sum', class_name: 'CustomScaleLayer', config: { scale: 0.17 }, reads: ['image', 'scaled'] },
      { ...pool, reads: ['sum'] },
    ]
    const network = await imported(files(2, layers, { [`net/scaled/${weight}`]: [4] }))
    const gamma = tf.tensor1d(fill(4, 2))
    expectSame(network, images => tf.mean(tf.add(images, tf.mul(tf.mul(images, gamma), 0.17)), [1, 2]))
  }
})
