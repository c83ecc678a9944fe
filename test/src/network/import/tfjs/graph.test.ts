import { beforeAll, describe, expect, it } from 'vitest'
import { tf } from '../../../../tensorflow-js.ts'
import { expectSame, filesOf, imported, read } from './folder.ts'
import {
  b,
  type Constant,
  f,
  frozen,
  type GraphNode,
  i,
  int,
  ints,
  is,
  node,
  positive,
  s,
  ss,
  weight,
} from './graph-artifacts.ts'

beforeAll(async () => {
  await tf.setBackend('cpu')
})

interface Case {
  readonly constants?: Readonly<Record<string, Constant>>
  /** The last one's value is flattened where `of` is 3, the image's rank. */
  readonly nodes: readonly GraphNode[]
  readonly vector?: boolean
}

const image = [6, 5, 4]

/** The node `y` as a vector: every pixel of it. */
const flattened = [
  node('shape', 'Shape', ['y']),
  node('batch', 'StridedSlice', ['shape', 'zero', 'one', 'one'], { shrink_axis_mask: i(1) }),
]

const check = async ({ constants = {}, nodes, vector = false }: Case): Promise<void> => {
  const tail = vector
    ? []
    : [...flattened, node('target', 'Pack', ['batch', 'rest']), node('flat', 'Reshape', ['y', 'target'])]
  const own: Readonly<Record<string, Constant>> = vector
    ? constants
    : { ...constants, zero: ints(0), one: ints(1), rest: int(-1) }
  const artifacts = frozen(image, own, [...nodes, ...tail])
  const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts))
  expectSame(await read(filesOf(artifacts)), images => model.predict(images))
}

const window = (
  padding: string,
  strides: readonly [number, number],
  dilations: readonly [number, number] = [1, 1],
) => ({
  padding: s(padding),
  strides: is(1, ...strides, 1),
  dilations: is(1, ...dilations, 1),
  data_format: s('NHWC'),
})

const unary = (op: string, attr = {}): Case => ({ nodes: [node('y', op, ['image'], attr)] })
const positiveUnary = (op: string): Case => ({
  constants: { two: weight([], 3) },
  nodes: [node('square', 'Square', ['image']), node('sum', 'AddV2', ['square', 'half']), node('y', op, ['sum'])],
})
const withConstant = (op: string, constant: Constant): Case => ({
  constants: { k: constant },
  nodes: [node('y', op, ['image', 'k'])],
})
const vectorOf = {
  nodes: [node('mean', 'Mean', ['image', 'axes'], { keep_dims: b(false) })],
  constants: { axes: ints(1, 2) },
}

const cases: Readonly<Record<string, Case>> = {
  'Conv2D valid, strided': {
    constants: { w: weight([3, 2, 4, 3]) },
    nodes: [node('y', 'Conv2D', ['image', 'w'], window('VALID', [2, 1]))],
  },
  'Conv2D same, strided': {
    constants: { w: weight([3, 3, 4, 3]) },
    nodes: [node('y', 'Conv2D', ['image', 'w'], window('SAME', [2, 2]))],
  },
  'Conv2D dilated': {
    constants: { w: weight([3, 3, 4, 3]) },
    nodes: [node('y', 'Conv2D', ['image', 'w'], window('SAME', [1, 1], [2, 2]))],
  },
  'Conv2D with explicit pads': {
    constants: { w: weight([3, 3, 4, 3]) },
    nodes: [
      node('y', 'Conv2D', ['image', 'w'], {
        ...window('EXPLICIT', [2, 2]),
        explicit_paddings: is(0, 0, 1, 2, 0, 1, 0, 0),
      }),
    ],
  },
  '_FusedConv2D with bias and Relu6': {
    constants: { w: weight([3, 3, 4, 3]), bias: weight([3], 5) },
    nodes: [
      node('y', '_FusedConv2D', ['image', 'w', 'bias'], {
        ...window('SAME', [2, 2]),
        fused_ops: ss('BiasAdd', 'Relu6'),
        num_args: i(1),
      }),
    ],
  },
  '_FusedConv2D with LeakyRelu': {
    constants: { w: weight([3, 3, 4, 3]), bias: weight([3], 5) },
    nodes: [
      node('y', '_FusedConv2D', ['image', 'w', 'bias'], {
        ...window('VALID', [1, 1]),
        fused_ops: ss('BiasAdd', 'LeakyRelu'),
        leakyrelu_alpha: f(0.3),
        num_args: i(1),
      }),
    ],
  },
  '_FusedConv2D with Prelu': {
    constants: { w: weight([3, 3, 4, 3]), bias: weight([3], 5), alpha: weight([3], 7) },
    nodes: [
      node('y', '_FusedConv2D', ['image', 'w', 'bias', 'alpha'], {
        ...window('VALID', [1, 1]),
        fused_ops: ss('BiasAdd', 'Prelu'),
        num_args: i(2),
      }),
    ],
  },
  DepthwiseConv2dNative: {
    constants: { w: weight([3, 3, 4, 2]) },
    nodes: [node('y', 'DepthwiseConv2dNative', ['image', 'w'], window('SAME', [2, 2]))],
  },
  'FusedDepthwiseConv2dNative with Relu': {
    constants: { w: weight([3, 3, 4, 1]), bias: weight([4], 5) },
    nodes: [
      node('y', 'FusedDepthwiseConv2dNative', ['image', 'w', 'bias'], {
        ...window('SAME', [1, 1]),
        fused_ops: ss('BiasAdd', 'Relu'),
        num_args: i(1),
      }),
    ],
  },
  MatMul: {
    constants: { ...vectorOf.constants, w: weight([4, 3]) },
    nodes: [...vectorOf.nodes, node('y', 'MatMul', ['mean', 'w'], { transpose_a: b(false), transpose_b: b(false) })],
    vector: true,
  },
  'MatMul, transposed': {
    constants: { ...vectorOf.constants, w: weight([3, 4]) },
    nodes: [...vectorOf.nodes, node('y', 'MatMul', ['mean', 'w'], { transpose_b: b(true) })],
    vector: true,
  },
  '_FusedMatMul with Elu': {
    constants: { ...vectorOf.constants, w: weight([4, 3]), bias: weight([3], 5) },
    nodes: [
      ...vectorOf.nodes,
      node('y', '_FusedMatMul', ['mean', 'w', 'bias'], { fused_ops: ss('BiasAdd', 'Elu'), num_args: i(1) }),
    ],
    vector: true,
  },
  BiasAdd: withConstant('BiasAdd', weight([4])),
  FusedBatchNormV3: {
    constants: { scale: weight([4], 2), offset: weight([4], 3), mean: weight([4], 4), variance: positive([4], 5) },
    nodes: [node('y', 'FusedBatchNormV3', ['image', 'scale', 'offset', 'mean', 'variance'], { epsilon: f(0.01) })],
  },
  'AddV2 of two maps': { nodes: [node('r', 'Relu', ['image']), node('y', 'AddV2', ['r', 'image'])] },
  AddN: { nodes: [node('r', 'Relu', ['image']), node('y', 'AddN', ['r', 'image', 'r'], { N: i(3) })] },
  'Sub a constant': withConstant('Sub', weight([])),
  'Mul by channels': withConstant('Mul', weight([1, 1, 1, 4])),
  'Mul by pixels': withConstant('Mul', weight([6, 5, 1])),
  'RealDiv, constant first': {
    constants: { k: positive([4]), one: weight([]) },
    nodes: [node('e', 'Exp', ['image']), node('y', 'RealDiv', ['k', 'e'])],
  },
  Maximum: withConstant('Maximum', weight([4])),
  Minimum: withConstant('Minimum', weight([4])),
  'constants computed with': {
    constants: { k: positive([4]), epsilon: { ...weight([]), data: [0.01] }, gamma: weight([4], 5) },
    nodes: [
      node('sum', 'AddV2', ['k', 'epsilon']),
      node('r', 'Rsqrt', ['sum']),
      node('scale', 'Mul', ['r', 'gamma']),
      node('y', 'Mul', ['image', 'scale']),
    ],
  },
  Relu: unary('Relu'),
  Relu6: unary('Relu6'),
  LeakyRelu: unary('LeakyRelu', { alpha: f(0.3) }),
  Elu: unary('Elu'),
  Selu: unary('Selu'),
  Sigmoid: unary('Sigmoid'),
  Tanh: unary('Tanh'),
  Softplus: unary('Softplus'),
  Exp: unary('Exp'),
  Square: unary('Square'),
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  'Identity, StopGradient': { nodes: [node('a', 'Identity', ['image']), node('y', 'StopGradient', ['a'])] },
  Prelu: withConstant('Prelu', weight([4])),
  'MaxPool same': { nodes: [node('y', 'MaxPool', ['image'], { ...window('SAME', [2, 2]), ksize: is(1, 3, 3, 1) })] },
  'MaxPool valid': { nodes: [node('y', 'MaxPool', ['image'], { ...window('VALID', [2, 1]), ksize: is(1, 2, 3, 1) })] },
  'AvgPool same': { nodes: [node('y', 'AvgPool', ['image'], { ...window('SAME', [2, 2]), ksize: is(1, 3, 3, 1) })] },
  'Mean, axes kept': {
    constants: { axes: ints(-3, -2) },
    nodes: [node('m', 'Mean', ['image', 'axes'], { keep_dims: b(true) }), node('y', 'Mul', ['image', 'm'])],
  },
  'Mean, axes kept, then squeezed': {
    constants: { axes: ints(1, 2), w: weight([1, 1, 4, 6]) },
    nodes: [
      node('m', 'Mean', ['image', 'axes'], { keep_dims: b(true) }),
      node('c', 'Conv2D', ['m', 'w'], window('SAME', [1, 1])),
      node('y', 'Squeeze', ['c'], { squeeze_dims: is(1, 2) }),
    ],
    vector: true,
  },
  Max: {
    constants: { axes: ints(1, 2) },
    nodes: [node('y', 'Max', ['image', 'axes'], { keep_dims: b(false) })],
    vector: true,
  },
  'a layer normalization of channels': {
    constants: { axes: ints(3), two: { ...weight([]), data: [0.01] }, gamma: weight([4], 3) },
    nodes: [
      node('m', 'Mean', ['image', 'axes'], { keep_dims: b(true) }),
      node('d', 'SquaredDifference', ['image', 'm']),
      node('v', 'Mean', ['d', 'axes'], { keep_dims: b(true) }),
      node('e', 'AddV2', ['v', 'two']),
      node('r', 'Rsqrt', ['e']),
      node('c', 'Sub', ['image', 'm']),
      node('n', 'Mul', ['c', 'r']),
      node('y', 'Mul', ['n', 'gamma']),
    ],
  },
  'Sum of rows, Max of channels': {
    constants: { row: ints(1), channels: ints(-1) },
    nodes: [
      node('s', 'Sum', ['image', 'row'], { keep_dims: b(true) }),
      node('l', 'Max', ['image', 'channels'], { keep_dims: b(true) }),
      node('y', 'Mul', ['s', 'l']),
    ],
  },
  'Mean of a vector': {
    constants: { ...vectorOf.constants, axis: ints(1) },
    nodes: [
      ...vectorOf.nodes,
      node('m', 'Mean', ['mean', 'axis'], { keep_dims: b(true) }),
      node('y', 'Sub', ['mean', 'm']),
    ],
    vector: true,
  },
  'Pow of a fraction': {
    constants: { p: { ...weight([]), data: [1.5] } },
    nodes: [node('e', 'Exp', ['image']), node('y', 'Pow', ['e', 'p'])],
  },
  'Softmax of channels': { nodes: [node('p', 'Softmax', ['image']), node('y', 'Neg', ['p'])] },
  'MirrorPad, reflected': {
    constants: { pads: { ...ints(0, 0, 2, 1, 0, 3, 0, 0), shape: [4, 2] } },
    nodes: [node('y', 'MirrorPad', ['image', 'pads'], { mode: s('REFLECT') })],
  },
  'MirrorPad, symmetric': {
    constants: { pads: { ...ints(0, 0, 2, 1, 0, 3, 0, 0), shape: [4, 2] } },
    nodes: [node('y', 'MirrorPad', ['image', 'pads'], { mode: s('SYMMETRIC') })],
  },
  DepthToSpace: {
    constants: { w: weight([1, 1, 4, 8]) },
    nodes: [
      node('c', 'Conv2D', ['image', 'w'], window('SAME', [1, 1])),
      node('y', 'DepthToSpace', ['c'], { block_size: i(2), data_format: s('NHWC') }),
    ],
  },
  Conv2DBackpropInput: {
    constants: { w: weight([3, 3, 2, 4]), size: ints(2, 12, 9, 2) },
    nodes: [node('y', 'Conv2DBackpropInput', ['size', 'w', 'image'], window('SAME', [2, 2]))],
  },
  ExpandDims: {
    constants: { ...vectorOf.constants, axis: int(1) },
    nodes: [
      ...vectorOf.nodes,
      node('a', 'ExpandDims', ['mean', 'axis']),
      node('b', 'ExpandDims', ['a', 'axis']),
      node('y', 'AddV2', ['image', 'b']),
    ],
  },
  PadV2: {
    constants: { pads: { ...ints(0, 0, 1, 2, 0, 1, 0, 0), shape: [4, 2] }, value: weight([]) },
    nodes: [node('y', 'PadV2', ['image', 'pads', 'value'])],
  },
  'Pad channels': {
    constants: { pads: { ...ints(0, 0, 0, 0, 0, 0, 1, 2), shape: [4, 2] } },
    nodes: [node('y', 'Pad', ['image', 'pads'])],
  },
  ConcatV2: {
    constants: { axis: int(-1) },
    nodes: [node('r', 'Relu', ['image']), node('y', 'ConcatV2', ['image', 'r', 'axis'], { N: i(2) })],
  },
  'Softmax in the middle': {
    constants: { ...vectorOf.constants },
    nodes: [...vectorOf.nodes, node('p', 'Softmax', ['mean']), node('y', 'Neg', ['p'])],
    vector: true,
  },
  ReverseV2: { constants: { axis: ints(2) }, nodes: [node('y', 'ReverseV2', ['image', 'axis'])] },
  'ReverseV2 of rows': { constants: { axis: ints(1) }, nodes: [node('y', 'ReverseV2', ['image', 'axis'])] },
  'ReverseV2 of both': { constants: { axis: ints(1, 2) }, nodes: [node('y', 'ReverseV2', ['image', 'axis'])] },
  Slice: {
    constants: { begin: ints(0, 1, 0, 1), size: ints(-1, 3, -1, 2) },
    nodes: [node('y', 'Slice', ['image', 'begin', 'size'])],
  },
  'StridedSlice, a crop': {
    constants: { begin: ints(0, 1, 0, 0), end: ints(0, -1, 4, 4), strides: ints(1, 1, 1, 1) },
    nodes: [node('y', 'StridedSlice', ['image', 'begin', 'end', 'strides'], { begin_mask: i(9), end_mask: i(9) })],
  },
  'StridedSlice, every second pixel': {
    constants: { begin: ints(0, 0, 1, 0), end: ints(0, 0, 0, 0), strides: ints(1, 2, 2, 1) },
    nodes: [node('y', 'StridedSlice', ['image', 'begin', 'end', 'strides'], { begin_mask: i(11), end_mask: i(15) })],
  },
  'StridedSlice, mirrored': {
    constants: { begin: ints(0, 0, 0, 0), end: ints(0, 0, 0, 0), strides: ints(1, 1, -1, 1) },
    nodes: [node('y', 'StridedSlice', ['image', 'begin', 'end', 'strides'], { begin_mask: i(15), end_mask: i(15) })],
  },
  'ResizeBilinear, aligned corners': {
    constants: { size: ints(9, 4) },
    nodes: [node('y', 'ResizeBilinear', ['image', 'size'], { align_corners: b(true), half_pixel_centers: b(false) })],
  },
  'ResizeBilinear, half pixels': {
    constants: { size: ints(9, 4) },
    nodes: [node('y', 'ResizeBilinear', ['image', 'size'], { align_corners: b(false), half_pixel_centers: b(true) })],
  },
  'ResizeBilinear, asymmetric': {
    constants: { size: ints(9, 10) },
    nodes: [node('y', 'ResizeBilinear', ['image', 'size'], { align_corners: b(false), half_pixel_centers: b(false) })],
  },
  ResizeNearestNeighbor: {
    constants: { size: ints(12, 7) },
    nodes: [node('y', 'ResizeNearestNeighbor', ['image', 'size'])],
  },
  'ResizeNearestNeighbor, aligned corners': {
    constants: { size: ints(11, 4) },
    nodes: [node('y', 'ResizeNearestNeighbor', ['image', 'size'], { align_corners: b(true) })],
  },
  'ResizeNearestNeighbor, half pixels': {
    constants: { size: ints(4, 7) },
    nodes: [node('y', 'ResizeNearestNeighbor', ['image', 'size'], { half_pixel_centers: b(true) })],
  },
  Transpose: { constants: { p: ints(0, 3, 1, 2) }, nodes: [node('y', 'Transpose', ['image', 'p'])] },
  Split: {
    constants: { axis: int(3) },
    nodes: [node('parts', 'Split', ['axis', 'image'], { num_split: i(2) }), node('y', 'Sub', ['parts:1', 'parts'])],
  },
  SplitV: {
    constants: { sizes: ints(2, 4), axis: int(1) },
    nodes: [node('parts', 'SplitV', ['image', 'sizes', 'axis'], { num_split: i(2) }), node('y', 'Relu', ['parts:1'])],
  },
  'Reshape of one pixel': {
    constants: { ...vectorOf.constants, t4: ints(-1, 1, 1, 4), t2: ints(-1, 6), w: weight([1, 1, 4, 6]) },
    nodes: [
      ...vectorOf.nodes,
      node('pixel', 'Reshape', ['mean', 't4']),
      node('c', 'Conv2D', ['pixel', 'w'], window('SAME', [1, 1])),
      node('y', 'Reshape', ['c', 't2']),
    ],
    vector: true,
  },
}

describe('ops give what TensorFlow.js computes', () => {
  for (const [name, one] of Object.entries(cases)) it(name, () => check(one))

  for (const op of ['Log', 'Sqrt', 'Rsqrt', 'Reciprocal'])
    it(op, () => {
      const { nodes } = positiveUnary(op)
      return check({ constants: { half: { ...weight([]), data: [0.5] } }, nodes })
    })
})

it('preprocessing and a softmax at the end: the logits are its input', async () => {
  const artifacts = frozen(
    image,
    { two: { ...weight([]), data: [2] }, one: { ...weight([]), data: [1] }, axes: ints(1, 2), w: weight([4, 5]) },
    [
      node('scaled', 'Mul', ['two', 'image']),
      node('centred', 'Sub', ['scaled', 'one']),
      node('mean', 'Mean', ['centred', 'axes']),
      node('logits', 'MatMul', ['mean', 'w']),
      node('p', 'Softmax', ['logits']),
      node('Identity', 'Identity', ['p', '^centred']),
    ],
  )
  const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts))
  const network = await imported(filesOf(artifacts))
  expect(network.graph.nodes[network.graph.outputs[0].node].tag).toBe('Dense')
  expectSame(network, images => model.predict(images), 'probabilities')
})

it('a normalization fused into a convolution, which TensorFlow.js cannot run', async () => {
  const constants = {
    w: weight([3, 3, 4, 3]),
    scale: weight([3], 3),
    offset: weight([3], 4),
    mean: weight([3], 5),
    variance: positive([3], 6),
  }
  const args = ['image', 'w', 'scale', 'offset', 'mean', 'variance']
  const attr = { ...window('SAME', [1, 1]), fused_ops: ss('FusedBatchNorm', 'Relu'), epsilon: f(0.01), num_args: i(4) }
  const network = await imported(
    filesOf(
      frozen(image, { ...constants, axes: ints(1, 2) }, [
        node('c', '_FusedConv2D', args, attr),
        node('y', 'Mean', ['c', 'axes']),
      ]),
    ),
  )
  const one = ({ shape, data }: Constant) => tf.tensor([...data], [...shape])
  expectSame(network, images => {
    const product = tf.conv2d(images, one(constants.w) as ReturnType<typeof tf.tensor4d>, 1, 'same')
    const { mean, variance, offset, scale } = constants
    const normal = tf.batchNorm(
      product,
      one(mean) as never,
      one(variance) as never,
      one(offset) as never,
      one(scale) as never,
      0.01,
    )
    return tf.mean(tf.relu(normal), [1, 2])
  })
})

it('outputs are those of the signature, where there is one', async () => {
  const artifacts = frozen(image, { axes: ints(1, 2) }, [
    node('mean', 'Mean', ['image', 'axes']),
    node('unused', 'Relu', ['mean']),
  ])
  const signature = { inputs: { x: { name: 'image:0' } }, outputs: { y: { name: 'mean:0' } } }
  const network = await imported(filesOf({ ...artifacts, signature }))
  expect(network.graph.nodes[network.graph.outputs[0].node].tag).toBe('GlobalPool')
})
