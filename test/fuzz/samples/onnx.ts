import { type ModelLines, type NodeLine, onnxFiles } from './onnx-model.ts'

const node = (op: string, inputs: string, out: string, attributes: NodeLine['with'] = {}): NodeLine => ({
  op,
  in: inputs,
  out,
  with: attributes,
})

const conv = (inputs: string, out: string, attributes: NodeLine['with'] = {}): NodeLine =>
  node('Conv', inputs, out, {
    kernel_shape: [3, 3],
    ...('auto_pad' in attributes ? {} : { pads: [1, 1, 1, 1] }),
    ...attributes,
  })

/** Scores of a map of `c` channels. */
const head = (x: string, c: number, classes = 3): readonly NodeLine[] => [
  node('GlobalAveragePool', x, 'pooled'),
  node('Flatten', 'pooled', 'flat', { axis: 1 }),
  node('Gemm', `flat headw:${classes}x${c} headb:${classes}`, 'y', { transB: 1 }),
]

const batchNorm = (x: string, k: string, c: number, out: string): NodeLine =>
  node('BatchNormalization', `${x} ${k}scale:${c} ${k}b:${c} ${k}mean:${c} ${k}var:${c}`, out, { epsilon: 0.00001 })

const models: Readonly<Record<string, ModelLines>> = {
  plain: {
    nodes: [conv('x w1:4x3x3x3 b1:4', 'c'), batchNorm('c', 'n', 4, 'd'), node('Relu', 'd', 'e'), ...head('e', 4)],
  },
  residual: {
    opset: 13,
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('Relu', 'a', 'b'),
      conv('b w2:6x4x3x3', 'c', { strides: [2, 2] }),
      conv('b w3:6x4x1x1', 'd', { kernel_shape: [1, 1], pads: [0, 0, 0, 0], strides: [2, 2] }),
      node('Add', 'c d', 'e'),
      node('Relu', 'e', 'f'),
      conv('f w4:6x6x3x3', 'g'),
      node('Add', 'g f', 'h'),
      ...head('h', 6),
    ],
  },
  mobile: {
    ints: { axes: [2, 3], zero: [0] },
    nodes: [
      conv('x w1:4x3x3x3 b1:4', 'a', { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
      node('Clip', 'a lo: hiscale:', 'b'),
      conv('b w2:4x1x3x3', 'c', { group: 4, strides: [2, 1] }),
      node('HardSwish', 'c', 'd'),
      node('ReduceMean', 'd', 'e', { axes: [2, 3], keepdims: 0 }),
      node('MatMul', 'e w3:4x3', 'f'),
      node('Add', 'f b3:3', 'g'),
      node('Softmax', 'g', 'y', { axis: 1 }),
    ],
  },
  pools: {
    opset: 11,
    ints: { shape: [0, -1] },
    nodes: [
      node('MaxPool', 'x', 'a', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
      node('AveragePool', 'x', 'b', { kernel_shape: [2, 2], strides: [2, 2], count_include_pad: 1 }),
      node('Concat', 'a b', 'c', { axis: 1 }),
      node('Reshape', 'c shape', 'd'),
      node('Gemm', 'd w:96x3 offset:3', 'y'),
    ],
  },
  excite: {
    nodes: [
      conv('x w1:4x3x3x3', 'a', { dilations: [2, 2], pads: [2, 2, 2, 2] }),
      node('GlobalAveragePool', 'a', 'b'),
      conv('b w2:2x4x1x1', 'c', { kernel_shape: [1, 1], pads: [0, 0, 0, 0] }),
      node('PRelu', 'c slope:2x1x1', 'd'),
      conv('d w3:4x2x1x1', 'e', { kernel_shape: [1, 1], pads: [0, 0, 0, 0] }),
      node('HardSigmoid', 'e', 'f', { alpha: 0.25 }),
      node('Mul', 'a f', 'g'),
      ...head('g', 4),
    ],
  },
  shapes: {
    ints: {
      starts: [0],
      ends: [2],
      axes: [1],
      halves: [2, 2],
      grown: [0, 0, 1, 1, 0, 0, 1, 1],
      one: [1],
      minus: [-1],
      zero: [0],
    },
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('Split', 'a halves', 'b c', { axis: 1 }),
      node('Pad', 'b grown', 'd', { mode: 'constant' }),
      node('Slice', 'a starts ends axes', 'e'),
      node('Pad', 'e grown', 'f'),
      node('Mul', 'd f', 'g'),
      node('Shape', 'g', 's'),
      node('Gather', 's zero', 's0', { axis: 0 }),
      node('Concat', 's0 minus', 't', { axis: 0 }),
      node('Reshape', 'g t', 'h'),
      node('MatMul', 'h w2:200x3', 'y'),
    ],
  },
  resized: {
    floats: { doubled: [1, 1, 2, 2] },
    ints: { squeezed: [2, 3] },
    nodes: [
      conv('x w1:4x3x3x3', 'a', { strides: [2, 2] }),
      node('Resize', 'a _ doubled', 'b', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
      conv('b w2:4x4x3x3', 'c'),
      node('ReduceMax', 'c', 'd', { axes: [2, 3], keepdims: 1 }),
      node('Squeeze', 'd squeezed', 'e'),
      node('Gemm', 'e w3:3x4 b3:3', 'y', { transB: 1, alpha: 0.5 }),
    ],
  },
  norms: {
    ints: { two: [2] },
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('Transpose', 'a', 'b', { perm: [0, 2, 3, 1] }),
      node('ReduceMean', 'b', 'm', { axes: [-1] }),
      node('Sub', 'b m', 'c'),
      node('Mul', 'c c', 'd'),
      node('ReduceMean', 'd', 'v', { axes: [-1] }),
      node('Add', 'v epsscale:', 've'),
      node('Sqrt', 've', 's'),
      node('Div', 'c s', 'f'),
      node('Mul', 'f gscale:4', 'g'),
      node('Add', 'g gb:4', 'h'),
      node('Transpose', 'h', 'i', { perm: [0, 3, 1, 2] }),
      node('Div', 'i rootscale:', 'j'),
      node('Erf', 'j', 'k'),
      node('Add', 'k onescale:', 'l'),
      node('Mul', 'i l', 'o'),
      ...head('o', 4),
    ],
  },
  activations: {
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('LeakyRelu', 'a', 'b', { alpha: 0.1 }),
      node('Elu', 'b', 'c', { alpha: 0.5 }),
      node('Sigmoid', 'c', 'd'),
      node('Mul', 'c d', 'e'),
      node('Tanh', 'e', 'f'),
      node('Softplus', 'f', 'g'),
      node('Dropout', 'g', 'h'),
      node('Identity', 'h', 'i'),
      node('Max', 'i e', 'j'),
      node('Sum', 'j e i', 'k'),
      node('GlobalMaxPool', 'k', 'l'),
      node('Flatten', 'l', 'o'),
      node('Gemm', 'o w2:3x4', 'p', { transB: 1 }),
      node('LogSoftmax', 'p', 'y'),
    ],
  },
  score: {
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('Relu', 'a', 'b'),
      node('GlobalAveragePool', 'b', 'c'),
      node('Flatten', 'c', 'd'),
      node('Gemm', 'd w2:1x4 b2:1', 'e', { transB: 1 }),
      node('Sigmoid', 'e', 'y'),
    ],
  },
  heads: {
    nodes: [
      conv('x w1:4x3x3x3', 'a'),
      node('GlobalAveragePool', 'a', 'b'),
      node('Flatten', 'b', 'c'),
      node('Gemm', 'c w2:3x4', 'd', { transB: 1 }),
      node('Gemm', 'c w3:3x4', 'e', { transB: 1 }),
      node('Softmax', 'd', 'f'),
      node('Softmax', 'e', 'g'),
      node('Add', 'f g', 'h'),
      node('Mul', 'h halfscale:', 'y'),
    ],
  },
  outside: {
    external: 'weights.bin',
    nodes: [conv('x w1:4x3x3x3 b1:4', 'a'), node('Relu', 'a', 'b'), ...head('b', 4)],
  },
  turned: {
    opset: 9,
    image: [1, 6, 6],
    ints: { shape: [-1, 36] },
    nodes: [
      node('Transpose', 'x', 'a', { perm: [0, 1, 3, 2] }),
      node('Sub', 'a mean:1', 'b'),
      node('Reshape', 'b shape', 'c'),
      node('MatMul', 'c w:36x8', 'd'),
      node('Abs', 'd', 'e'),
      node('Unsqueeze', 'e', 'f', { axes: [2] }),
      node('Squeeze', 'f', 'g', { axes: [2] }),
      node('MatMul', 'g w2:8x3', 'y'),
    ],
  },
}

/** Small ONNX models by name. */
export const onnxSamples = (): ReadonlyMap<string, ReadonlyMap<string, Uint8Array>> =>
  new Map(Object.entries(models).map(([name, model]) => [name, onnxFiles(model)]))
