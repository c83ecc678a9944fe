import { describe, expect, it } from 'vitest'
import { type Array4, list, type ModelSpec, type NodeSpec, networkOf, node, scalar } from './model.ts'
import { absent, both } from './oracle.ts'

const image: Array4 = { dims: [1, 1, 1, 1], values: [0.5] }
const real = (dims: readonly number[], seed = 1): Array4 => ({
  dims,
  values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, k) => Math.fround(Math.sin(3 * k + seed) * 2)),
})
const floats: Readonly<Record<string, Array4>> = {
  a: real([2, 3, 4]),
  b: real([3, 1], 5),
  p: { dims: [2, 3], values: [0.5, 1.5, 2.5, 3, 0.25, 4] },
  m: real([3, 2], 7),
  low: scalar(-0.5),
  high: scalar(0.75),
  choices: list(-1, 2.5),
  four: real([4], 2),
  var4: list(0.5, 1, 2, 3),
  half: scalar(0.5),
  grid: real([1, 2, 3, 4], 4),
  factors: list(1, 1, 2.5, 0.5),
  doubled: list(1, 1, 2, 2),
}
const ints: Readonly<Record<string, Array4>> = {
  i: { dims: [2, 3], values: [5, -7, 3, 0, 2, -4] },
  j: { dims: [2, 3], values: [2, 3, -2, 4, 1, 3] },
  one: list(1),
  axes: list(0, 2),
  s: list(3, 4),
  from: list(-1, 0),
  to: list(-4, 3),
  along: list(1, 2),
  by: list(-1, 2),
  pads: list(0, 1, 0, 1),
  rep: list(2, 1, 3),
  at: { dims: [2, 2], values: [2, 0, -1, 1] },
  rows: { dims: [2, 2], values: [1, 2, 0, 1] },
  depth: scalar(4),
  parts: list(1, 2),
  zero: scalar(0),
  six: scalar(6),
  two: scalar(2),
  k2: list(2),
  large: list(1, 2, 5, 7),
  three: list(2, 5, 3),
  small: list(1, 2, 2, 3),
}
const bytes = [0x80, 0x05, 0xff, 0x7f, 0x10, 0x00]
const raw = [
  { name: 'q', dims: [3, 2], data_type: 3, raw_data: Uint8Array.from(bytes) },
  { name: 'u', dims: [3, 2], data_type: 2, raw_data: Uint8Array.from(bytes) },
  { name: 'zq', dims: [3], data_type: 3, raw_data: Uint8Array.from([1, 2, 3]) },
  { name: 'zu', dims: [], data_type: 2, raw_data: Uint8Array.from([7]) },
  { name: 'scales', dims: [3], data_type: 1, float_data: [0.5, 0.25, 2] },
  { name: 'yes', dims: [2, 3], data_type: 9, raw_data: Uint8Array.from([1, 0, 1, 1, 0, 0]) },
  { name: 'no', dims: [3], data_type: 9, raw_data: Uint8Array.from([0, 1, 1]) },
  { name: 'h', dims: [2], data_type: 10, int32_data: [0x3555, 0xc2ab] },
  { name: 'f0', dims: [1], data_type: 1, float_data: [0.125] },
]

/** A network whose scores are the values `k` that its nodes compute from constants, and the pixel added. */
const model = (nodes: readonly NodeSpec[], opset: number): ModelSpec => ({
  opset,
  input: ['n', 1, 1, 1],
  floats,
  ints: { ...ints, flat: list(1, -1) },
  raw,
  nodes: [
    node('Flatten', 'x', 'pixel'),
    ...nodes,
    node('Cast', 'k', 'real', { to: 1 }),
    { op: 'Reshape', in: ['real', 'flat'], out: ['row'] },
    node('Add', 'pixel row', 'y'),
  ],
})

type Case = readonly [name: string, nodes: readonly NodeSpec[], opset?: number]
const cases: readonly Case[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'].map(op => [`${op} of reals`, [node(op, 'a b', 'k')]] as const),
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max'].map(
    op => [`${op} of integers`, [node(op, 'i j', 'k')]] as const,
  ),
  ['Mod of reals', [node('Mod', 'a b', 'k', { fmod: 1 })]],
  ['Mod like C', [node('Mod', 'i j', 'k', { fmod: 1 })]],
  ['Pow', [node('Pow', 'p two', 'k')]],
  ['Pow of a real', [node('Pow', 'p half', 'k')]],
  ['Sum', [node('Sum', 'a b a', 'k')]],
  ['Mean', [node('Mean', 'a b', 'k')]],
  ...[
    'Floor',
    'Ceil',
    'Round',
    'Neg',
    'Abs',
    'Sign',
    'Exp',
    'Reciprocal',
    'Erf',
    'Tanh',
    'Sigmoid',
    'Relu',
    'Sin',
    'Cos',
  ].map(op => [op, [node(op, 'a', 'k')]] as const),
  ...['Softplus', 'Softsign', 'HardSwish', 'HardSigmoid', 'LeakyRelu', 'Elu', 'Selu', 'Identity'].map(
    op => [op, [node(op, 'a', 'k')]] as const,
  ),
  ...['Sqrt', 'Log', 'Round'].map(op => [`${op} above 0`, [node(op, 'p', 'k')]] as const),
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map(
    op => [`${op} of integers`, [node(op, 'i j', 'k')]] as const,
  ),
  ['Not', [node('Not', 'yes', 'k')]],
  ...['And', 'Or', 'Xor'].map(op => [op, [node(op, 'yes no', 'k')]] as const),
  ['Where', [node('Where', 'yes i j', 'k')]],
  ['Clip', [node('Clip', 'a low high', 'k')]],
  ['Clip from below', [node('Clip', 'a low', 'k')]],
  ['Clip from above', [node('Clip', 'a _ high', 'k')]],
  ['Clip by attributes', [node('Clip', 'a', 'k', { min: { float: -0.5 }, max: { float: 0.25 } })], 10],
  ...['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSumExp'].flatMap((op): readonly Case[] => [
    [`Reduce${op} by attribute`, [node(`Reduce${op}`, 'a', 'k', { axes: [0, -1], keepdims: 0 })], 11] as const,
    [`Reduce${op} by input`, [node(`Reduce${op}`, 'a axes', 'k', { keepdims: 1 })], 18] as const,
    [`Reduce${op} of all`, [node(`Reduce${op}`, 'a', 'k')], 11] as const,
  ]),
  ['ReduceLogSum', [node('ReduceLogSum', 'p', 'k', { axes: [1] })], 13],
  ['ReduceSum of none', [node('ReduceSum', 'a', 'k', { noop_with_empty_axes: 1 })]],
  ['ReduceMean of integers', [node('ReduceMean', 'i', 'k', { axes: [1] })], 13],
  ['ArgMax', [node('ArgMax', 'a', 'k', { axis: 1 })]],
  ['ArgMin', [node('ArgMin', 'a', 'k', { axis: -1, keepdims: 0, select_last_index: 1 })]],
  ['CumSum', [node('CumSum', 'a one', 'k')]],
  ['CumSum backwards', [node('CumSum', 'a one', 'k', { reverse: 1, exclusive: 1 })]],
  ['TopK', [node('TopK', 'a k2', 'k rest', { axis: 1 })]],
  ['TopK of the least, positions', [node('TopK', 'a k2', 'v k', { axis: 2, largest: 0 })]],
  ['Shape', [node('Shape', 'a', 'k')]],
  ['Shape of a part', [node('Shape', 'a', 'k', { start: 1, end: -1 })]],
  ['Size', [node('Size', 'a', 'k')]],
  ['Slice backwards', [node('Slice', 'a from to along by', 'k')]],
  ['Split', [node('Split', 'a parts', 'v k', { axis: 1 })]],
  ['Split evenly', [node('Split', 'a', 'v k', { axis: 2, num_outputs: 2 })], 18],
  ['Squeeze and Unsqueeze', [node('Unsqueeze', 'a one', 'v'), node('Squeeze', 'v one', 'k')]],
  ['Flatten', [node('Flatten', 'a', 'k', { axis: 2 })]],
  ['Transpose', [node('Transpose', 'a', 'k', { perm: [2, 0, 1] })]],
  ['Transpose backwards', [node('Transpose', 'a', 'k')]],
  ['Expand', [node('Expand', 'b s', 'k')], 13],
  ['Tile', [node('Tile', 'a rep', 'k')]],
  ...['linear', 'cubic'].flatMap(mode =>
    ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].flatMap(coordinate_transformation_mode =>
      (['_ large', '_ small', 'factors'] as const).map(
        to =>
          [
            `Resize, ${mode}, by ${coordinate_transformation_mode} to ${to}`,
            [node('Resize', `grid _ ${to}`, 'k', { mode, coordinate_transformation_mode })],
          ] as const,
      ),
    ),
  ),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].map(
    nearest_mode =>
      [`Resize to the nearest, ${nearest_mode}`, [node('Resize', 'grid _ _ large', 'k', { nearest_mode })]] as const,
  ),
  [
    'Resize, cubic, of pixels inside',
    [node('Resize', 'grid _ _ large', 'k', { mode: 'cubic', exclude_outside: 1, cubic_coeff_a: { float: -0.5 } })],
  ],
  ['Resize of three axes', [node('Resize', 'a _ _ three', 'k', { mode: 'linear' })]],
  ['Resize before it had a choice', [node('Resize', 'grid factors', 'k', { mode: 'linear' })], 10],
  ['Upsample', [node('Upsample', 'grid doubled', 'k')], 9],
  ['Range', [node('Range', 'zero six two', 'k')]],
  ['ConstantOfShape', [node('ConstantOfShape', 's', 'k', { value: list(3) })]],
  ['EyeLike', [node('EyeLike', 'p', 'k', { k: 1 })]],
  ['Trilu', [node('Trilu', 'a', 'k')]],
  ['Trilu below', [node('Trilu', 'a zero', 'k', { upper: 0 })]],
  ['Pad', [node('Pad', 'i pads', 'k')]],
  ['Pad by the edge', [node('Pad', 'p pads', 'k', { mode: 'edge' })]],
  ['Pad by reflection', [node('Pad', 'p pads', 'k', { mode: 'reflect' })]],
  ['Gather', [node('Gather', 'a at', 'k', { axis: 2 })]],
  ['GatherElements', [node('GatherElements', 'i at', 'k', { axis: 1 })]],
  ['GatherND', [node('GatherND', 'a rows', 'k')]],
  ['ScatterND', [node('Gather', 'a zero', 'v'), node('GatherND', 'a rows', 'w'), node('ScatterND', 'a rows w', 'k')]],
  ['ScatterElements', [node('ScatterElements', 'i at rows', 'k', { axis: 1 })]],
  ['OneHot', [node('OneHot', 'at depth choices', 'k')]],
  ['OneHot in front', [node('OneHot', 'at depth choices', 'k', { axis: 0 })]],
  ['NonZero', [node('NonZero', 'i', 'k')]],
  ['Concat', [node('Concat', 'i j i', 'k', { axis: 1 })]],
  ['MatMul', [node('MatMul', 'p m', 'k')]],
  ['MatMul of a stack', [node('Transpose', 'a', 't', { perm: [0, 2, 1] }), node('MatMul', 'a t', 'k')]],
  ['MatMul with a vector', [node('MatMul', 'a four', 'k')]],
  ['Gemm', [node('Gemm', 'p m f0', 'k', { alpha: { float: 2 }, beta: { float: 3 } })]],
  ['Gemm, transposed', [node('Gemm', 'p m', 'k', { transA: 1, transB: 1 })]],
  [
    'BatchNormalization',
    [node('Transpose', 'a', 't', { perm: [0, 2, 1] }), node('BatchNormalization', 't four four four var4', 'k')],
  ],
  [
    'BatchNormalization in training mode',
    [
      node('Transpose', 'a', 't', { perm: [0, 2, 1] }),
      node('BatchNormalization', 't four four four var4', 'k rm rv', { training_mode: 1 }),
    ],
  ],
  ['Softmax', [node('Softmax', 'a', 'k', { axis: 1 })]],
  ['Softmax over the rest', [node('Softmax', 'a', 'k', { axis: 1 })], 12],
  ['LogSoftmax', [node('LogSoftmax', 'a', 'k')]],
  ['DequantizeLinear', [node('DequantizeLinear', 'u half zu', 'k')]],
  ['DequantizeLinear along an axis', [node('DequantizeLinear', 'q scales zq', 'k', { axis: 0 })]],
  ['QuantizeLinear', [node('QuantizeLinear', 'a half zu', 'k')]],
  ['Cast to integers', [node('Cast', 'a', 'k', { to: 7 })]],
  ['Cast to bool', [node('Cast', 'i', 'k', { to: 9 })]],
  ['Cast to float16', [node('Cast', 'a', 'k', { to: 10 })]],
  ['Cast from float16', [node('Cast', 'h', 'k', { to: 1 })]],
  ['CastLike', [node('CastLike', 'a i', 'k')]],
]

const near = (own: readonly number[] | string, theirs: readonly number[] | string): void => {
  if (typeof own === 'string' || typeof theirs === 'string') {
    expect(own).toEqual(theirs)
    return
  }
  expect(own).toHaveLength(theirs.length)
  own.forEach((value, k) => {
    expect(Math.abs(value - theirs[k])).toBeLessThan(1e-5 * Math.max(1, Math.abs(theirs[k])))
  })
}

describe.skipIf(absent !== undefined)(`constants are folded as onnxruntime does${absent ?? ''}`, () => {
  it.each(cases.map(([name, nodes, opset = 17]) => ({ name, nodes, opset })))('$name', async ({ nodes, opset }) => {
    const { own, theirs } = await both(model(nodes, opset), image)
    near(own, theirs)
  })
})

describe('the size of the batch', () => {
  const conditional = (op: string, against: number): ModelSpec => ({
    opset: 17,
    input: ['n', 1, 1, 1],
    ints: { first: scalar(0), other: scalar(against) },
    floats: { plus: scalar(1), minus: scalar(-1) },
    nodes: [
      node('Flatten', 'x', 'pixel'),
      node('Shape', 'x', 'shape'),
      node('Gather', 'shape first', 'batch'),
      node(op, 'batch other', 'condition'),
      node('Where', 'condition plus minus', 'sign'),
      node('Mul', 'pixel sign', 'y'),
    ],
  })

  it('is over 0 and no number in particular', async () => {
    await networkOf(conditional('Equal', -1))
    await networkOf(conditional('Greater', 0))
    await expect(networkOf(conditional('Equal', 1))).rejects.toThrow('arithmetic on the size of the batch')
    await expect(networkOf(conditional('Greater', 1))).rejects.toThrow('arithmetic on the size of the batch')
  })
})
