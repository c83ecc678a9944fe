import { describe, expect, it } from 'vitest'
import { evaluate } from '../../../../../ir/evaluate.ts'
import type { Tensor } from '../../../../../ir/tensor.ts'
import { naivePipeline, parsePlan } from '../../../../../passes/index.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { compileNetwork } from '../../../../../src/compile/compile.ts'
import { imageType } from '../../../../../src/network/network.ts'
import {
  type Array4,
  channelsLast,
  list,
  logitsOf,
  type ModelSpec,
  type NodeSpec,
  networkOf,
  node,
  numbers,
  problemsOf,
  scalar,
} from './model.ts'
import { absent, both, expectAlike } from './oracle.ts'

const real = (dims: readonly number[], seed: number): Array4 => ({
  dims,
  values: numbers(dims, seed).values.map(x => Math.fround(x / 7 + 0.05)),
})

const one: Array4 = { dims: [1], values: [1] }
const two: Array4 = { dims: [2], values: [1, 1] }
const zeros: Array4 = { dims: [2], values: [0, 0] }
const c = (seed: number): Array4 => real([6], seed)

/** What is between the first convolution and the last weights, and how many channels it gives. */
interface Made extends Pick<ModelSpec, 'nodes' | 'floats' | 'ints' | 'opset'> {
  readonly channels?: number
  /** Whether a quarter turn stays where it is. */
  readonly keepsTurns?: boolean
}

/** From a map `x` of six channels to a map `y`, as exporters write them. */
const cases: Readonly<Record<string, Made>> = {
  'attention of pixels, as PyTorch exports it': {
    nodes: [
      node('Reshape', 'x flat', 'f'),
      node('Transpose', 'f', 'l', { perm: [0, 2, 1] }),
      node('MatMul', 'l w', 'three'),
      node('Reshape', 'three heads', 'cut'),
      node('Transpose', 'cut', 'apart', { perm: [2, 0, 3, 1, 4] }),
      node('Split', 'apart', 'q1 k1 v1', { axis: 0 }),
      ...['q', 'k', 'v'].map(name => node('Squeeze', `${name}1 which`, name)),
      node('Mul', 'q scale', 'qs'),
      node('Transpose', 'k', 'kt', { perm: [0, 1, 3, 2] }),
      node('MatMul', 'qs kt', 's'),
      node('Div', 's scale', 'd'),
      node('Softmax', 'd', 'p', { axis: -1 }),
      node('MatMul', 'p v', 'a'),
      node('Transpose', 'a', 'at', { perm: [0, 2, 1, 3] }),
      node('Reshape', 'at rows', 'r'),
      node('Transpose', 'r', 'rt', { perm: [0, 2, 1] }),
      node('Reshape', 'rt image', 'y'),
    ],
    floats: { w: real([6, 18], 4), scale: scalar(0.6) },
    ints: {
      flat: list(0, 6, -1),
      heads: list(0, -1, 3, 2, 3),
      which: list(0),
      rows: list(0, -1, 6),
      image: list(0, 6, 4, 4),
    },
  },
  'one of the channels, each pixel attending with single queries, keys and values': {
    nodes: [
      node('Reshape', 'x cut', 'three'),
      ...['q', 'k', 'v'].map((name, at) => node('Gather', `three ${'abc'[at]}`, name, { axis: 2 })),
      node('Transpose', 'k', 'kt', { perm: [0, 2, 1] }),
      node('Transpose', 'q', 'qt', { perm: [0, 2, 1] }),
      node('Transpose', 'v', 'vt', { perm: [0, 2, 1] }),
      node('MatMul', 'qt k', 's'),
      node('Softmax', 's', 'p', { axis: 2 }),
      node('MatMul', 'p vt', 'o'),
      node('Transpose', 'o', 'ot', { perm: [0, 2, 1] }),
      node('Reshape', 'ot image', 'y'),
    ],
    ints: { cut: list(0, 2, 3, -1), a: scalar(0), b: scalar(1), c: scalar(2), image: list(0, 2, 4, 4) },
    channels: 2,
  },
  'LayerNormalization over channels, turned last and back': {
    nodes: [
      node('Transpose', 'x', 'l', { perm: [0, 2, 3, 1] }),
      node('LayerNormalization', 'l s b', 'n', { axis: -1, epsilon: { float: 1e-3 } }),
      node('Transpose', 'n', 'y', { perm: [0, 3, 1, 2] }),
    ],
    floats: { s: c(1), b: c(2) },
  },
  'RMSNormalization over channels': {
    nodes: [
      node('Transpose', 'x', 'l', { perm: [0, 2, 3, 1] }),
      node('RMSNormalization', 'l s', 'n', { axis: -1, epsilon: { float: 1e-3 } }),
      node('Transpose', 'n', 'y', { perm: [0, 3, 1, 2] }),
    ],
    floats: { s: c(1) },
    opset: 23,
  },
  'LayerNormalization over a whole map, without a bias': {
    nodes: [node('LayerNormalization', 'x s', 'y', { axis: 1 })],
    floats: { s: real([6, 4, 4], 3) },
  },
  'a layer normalization by its parts': {
    nodes: [
      node('ReduceMean', 'x', 'm', { axes: [1] }),
      node('Sub', 'x m', 'd'),
      node('Pow', 'd p', 'q'),
      node('ReduceMean', 'q', 'v', { axes: [1] }),
      node('Add', 'v e', 'w'),
      node('Sqrt', 'w', 'r'),
      node('Div', 'd r', 'y'),
    ],
    floats: { p: { dims: [], values: [2] }, e: { dims: [], values: [1e-5] } },
  },
  'InstanceNormalization of channels': {
    nodes: [node('InstanceNormalization', 'x s b', 'y')],
    floats: { s: c(3), b: c(4) },
  },
  'a group normalization as InstanceNormalization of groups': {
    nodes: [
      node('Reshape', 'x g', 'r'),
      node('InstanceNormalization', 'r one zero', 'n'),
      node('Shape', 'x', 'all'),
      node('Reshape', 'n all', 'm'),
      node('Mul', 'm s', 'y'),
    ],
    floats: { one: two, zero: zeros, s: real([6, 1, 1], 5) },
    ints: { g: list(0, 2, -1) },
  },
  'one group': {
    nodes: [
      node('Reshape', 'x g', 'r'),
      node('InstanceNormalization', 'r one zero', 'n'),
      node('Shape', 'x', 'all'),
      node('Reshape', 'n all', 'y'),
    ],
    floats: { one, zero: { dims: [1], values: [0] } },
    ints: { g: list(0, 1, -1) },
  },
  'GroupNormalization of opset 21': {
    nodes: [node('GroupNormalization', 'x s b', 'y', { num_groups: 3 })],
    floats: { s: c(3), b: c(1) },
    opset: 21,
  },
  'global response normalization': {
    nodes: [
      node('ReduceL2', 'x', 'g', { axes: [2, 3], keepdims: 1 }),
      node('ReduceMean', 'g', 'm', { axes: [1], keepdims: 1 }),
      node('Add', 'm e', 'p'),
      node('Div', 'g p', 'n'),
      node('Mul', 'x n', 'y'),
    ],
    floats: { e: { dims: [], values: [1e-6] } },
  },
  'LpNormalization over channels': { nodes: [node('LpNormalization', 'x', 'y', { axis: 1, p: 2 })] },
  LRN: {
    nodes: [node('LRN', 'x', 'y', { size: 3, alpha: { float: 0.3 }, beta: { float: 0.75 }, bias: { float: 2 } })],
  },
  'a softmax over channels': { nodes: [node('Softmax', 'x', 'y', { axis: 1 })] },
  'the logarithm of a softmax over pixels': {
    nodes: [
      node('Reshape', 'x p', 'r'),
      node('LogSoftmax', 'r', 's', { axis: 2 }),
      node('Shape', 'x', 'all'),
      node('Reshape', 's all', 'y'),
    ],
    ints: { p: list(0, 6, -1) },
  },
  'paths weighted by a softmax across them': {
    channels: 3,
    nodes: [
      node('Reshape', 'x paths', 'r'),
      node('ReduceSum', 'r one', 's', { keepdims: 0 }),
      node('GlobalAveragePool', 's', 'g'),
      node('Conv', 'g w', 'a'),
      node('Reshape', 'a paths1', 'b'),
      node('Softmax', 'b', 'p', { axis: 1 }),
      node('Mul', 'r p', 'z'),
      node('ReduceSum', 'z one', 'y', { keepdims: 0 }),
    ],
    floats: { w: real([6, 3, 1, 1], 4) },
    ints: { paths: list(0, 2, 3, 4, 4), paths1: list(0, 2, 3, 1, 1), one: list(1) },
  },
  'means over groups of channels, each repeated': {
    nodes: [
      node('Reshape', 'x groups', 'r'),
      node('ReduceMean', 'r', 'm', { axes: [2], keepdims: 1 }),
      node('Sub', 'r m', 'd'),
      node('Mul', 'd k', 'e'),
      node('Shape', 'x', 'all'),
      node('Reshape', 'e all', 'y'),
    ],
    floats: { k: real([2, 3, 1, 1], 2) },
    ints: { groups: list(0, 2, 3, 4, 4) },
  },
  'paths side by side on a new axis, the larger of each': {
    nodes: [
      node('Relu', 'x', 'a'),
      node('Unsqueeze', 'x one', 'x1'),
      node('Unsqueeze', 'a one', 'a1'),
      node('Concat', 'x1 a1', 'p', { axis: 1 }),
      node('Sub', 'p k', 'q'),
      node('ReduceMax', 'q', 'y', { axes: [1], keepdims: 0 }),
    ],
    floats: { k: real([2, 1, 1, 1], 4) },
    ints: { one: list(1) },
  },
  'a mean and a maximum over channels': {
    nodes: [
      node('ReduceMean', 'x', 'm', { axes: [1] }),
      node('ReduceMax', 'x', 'l', { axes: [1] }),
      node('Concat', 'm l', 'p', { axis: 1 }),
      node('Conv', 'p w', 'y', { pads: [1, 1, 1, 1] }),
    ],
    floats: { w: real([6, 2, 3, 3], 6) },
  },
  'SpaceToDepth into a convolution': {
    nodes: [node('SpaceToDepth', 'x', 'd', { blocksize: 2 }), node('Conv', 'd w', 'y')],
    floats: { w: real([6, 24, 1, 1], 2) },
  },
  'pixels to channels by a reshape, as PyTorch unshuffles': {
    nodes: [
      node('Reshape', 'x cut', 'r'),
      node('Transpose', 'r', 't', { perm: [0, 1, 3, 5, 2, 4] }),
      node('Reshape', 't deep', 'd'),
      node('Conv', 'd w', 'y'),
    ],
    floats: { w: real([6, 24, 1, 1], 2) },
    ints: { cut: list(0, 6, 2, 2, 2, 2), deep: list(0, 24, 2, 2) },
  },
  'DepthToSpace, pixels slowest': {
    channels: 3,
    nodes: [node('Conv', 'x w', 'd'), node('DepthToSpace', 'd', 'y', { blocksize: 2 })],
    floats: { w: real([12, 6, 1, 1], 2) },
  },
  'DepthToSpace, pixels fastest': {
    channels: 3,
    nodes: [node('Conv', 'x w', 'd'), node('DepthToSpace', 'd', 'y', { blocksize: 2, mode: 'CRD' })],
    floats: { w: real([12, 6, 1, 1], 2) },
  },
  'ConvTranspose with a bias, groups and more rows than its windows reach': {
    channels: 4,
    nodes: [
      node('ConvTranspose', 'x w b', 'y', {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 1],
        group: 2,
      }),
    ],
    floats: { w: real([6, 2, 3, 3], 3), b: real([4], 1) },
  },
  'ConvTranspose with gaps, to a given shape': {
    channels: 2,
    nodes: [node('ConvTranspose', 'x w', 'y', { dilations: [2, 2], output_shape: [6, 6] })],
    floats: { w: real([6, 2, 3, 3], 3) },
  },
  'a local response normalization, as PyTorch exports it': {
    nodes: [
      node('Mul', 'x x', 'q'),
      node('Unsqueeze', 'q one', 'u'),
      node('Pad', 'u pads zero', 'p'),
      node('AveragePool', 'p', 'a', { kernel_shape: [3, 1, 1], strides: [1, 1, 1] }),
      node('Squeeze', 'a one', 's'),
      node('Mul', 's alpha', 'm'),
      node('Add', 'm two', 'b'),
      node('Pow', 'b beta', 'd'),
      node('Div', 'x d', 'y'),
    ],
    floats: { zero: scalar(0), alpha: scalar(0.5), two: scalar(2), beta: scalar(0.75) },
    ints: { one: list(1), pads: list(0, 0, 1, 0, 0, 0, 0, 1, 0, 0) },
  },
  'a reflected border before a convolution': {
    keepsTurns: true,
    nodes: [node('Pad', 'x pads', 'p', { mode: 'reflect' }), node('Conv', 'p w', 'y', { strides: [2, 2] })],
    floats: { w: real([6, 6, 3, 3], 2) },
    ints: { pads: list(0, 0, 2, 1, 0, 0, 1, 2) },
  },
  'a border of the outermost pixels': {
    keepsTurns: true,
    nodes: [node('Pad', 'x pads', 'y', { mode: 'edge' })],
    ints: { pads: list(0, 0, 2, 1, 0, 0, 0, 3) },
  },
  'means of groups, expanded': {
    nodes: [
      node('Reshape', 'x groups', 'r'),
      node('ReduceMean', 'r', 'm', { axes: [2, 3, 4], keepdims: 1 }),
      node('Expand', 'm shape', 'e'),
      node('Reshape', 'e image', 'i'),
      node('Mul', 'x i', 'y'),
    ],
    ints: { groups: list(-1, 2, 3, 4, 4), shape: list(1, 2, 3, 4, 4), image: list(-1, 6, 4, 4) },
  },
  'nearest pixels, twice as many': {
    nodes: [node('Resize', 'x _ scales', 'y', { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' })],
    floats: { scales: { dims: [4], values: [1, 1, 2, 2] } },
  },
}

/** After a convolution of the image, and before some more nodes that read it as `map`. */
const spec = ({ nodes, floats, ints, opset = 17 }: Made, more: readonly NodeSpec[], weights = {}): ModelSpec => {
  const renamed = (name: string): string => (name === 'x' ? 'x0' : name === 'y' ? 'map' : name)
  return {
    opset,
    input: ['n', 3, 4, 4],
    nodes: [
      node('Conv', 'x first', 'x0', { pads: [1, 1, 1, 1] }),
      ...nodes.map(each => ({ ...each, in: each.in.map(renamed), out: each.out.map(renamed) })),
      ...more,
    ],
    floats: { ...floats, ...weights, first: real([6, 3, 3, 3], 5) },
    ints,
  }
}

const flattened = [node('MaxPool', 'map', 'pixels', { kernel_shape: [1, 1] }), node('Flatten', 'pixels', 'y')]

describe.skipIf(absent !== undefined)('ops of many zoos, as onnxruntime has them', () => {
  it.each(Object.entries(cases))('%s', async (_, made) => {
    const { own, theirs } = await both(spec(made, flattened), real([2, 3, 4, 4], 3))
    expect(typeof theirs).not.toBe('string')
    expect(typeof own === 'string' ? own : '').toBe('')
    expect(own).toHaveLength(theirs.length)
    const got = own as readonly number[]
    ;(theirs as readonly number[]).forEach((value, k) => {
      expect(Math.abs(got[k] - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)))
    })
  })
})

it('a row of all numbers that a table takes in order is the value under another shape', async () => {
  const model = (...table: readonly number[]): ModelSpec => ({
    input: [1, 3, 4, 4],
    nodes: [
      node('ReduceMean', 'x', 'm', { axes: [2, 3] }),
      node('Reshape', 'm row', 'r'),
      node('Gather', 'r table', 'g', { axis: 0 }),
      node('Flatten', 'g', 'y'),
    ],
    ints: { row: list(-1), table: { dims: [1, 3, 1, 1], values: table } },
  })
  const image = numbers([1, 3, 4, 4])
  const mean = (channel: number) => image.values.slice(16 * channel, 16 * (channel + 1)).reduce((a, b) => a + b / 16, 0)
  const network = await networkOf(model(0, 1, 2))
  logitsOf(network, channelsLast(image)).forEach((value, k) => {
    expect(value).toBeCloseTo(mean(k), 6)
  })
  expect(await problemsOf(model(0, 2, 1))).toContain('saw [1·3], where the batch is part of an axis')
})

describe.skipIf(absent !== undefined)('filters that are mixed in shares that the image gives', () => {
  it.each([1, 2, 4])('in %i groups', async group => {
    const nodes = [
      node('GlobalAveragePool', 'x', 'g'),
      node('Flatten', 'g', 'f'),
      node('MatMul', 'f routes', 'r'),
      node('Sigmoid', 'r', 'shares'),
      node('MatMul', 'shares experts', 'mix'),
      node('Reshape', 'mix filter', 'w'),
      node('Reshape', 'x image', 'examples'),
      node('Conv', 'examples w', 'c', { pads: [1, 1, 0, 1], strides: [2, 1], group }),
      node('Transpose', 'c', 't', { perm: [1, 0, 2, 3] }),
      node('Reshape', 't back', 'map'),
      ...flattened,
    ]
    const filter = [8, 4 / group, 2, 3]
    const spec: ModelSpec = {
      ...{ input: [1, 4, 4, 4], nodes },
      floats: { routes: real([4, 3], 2), experts: real([3, filter.reduce((a, b) => a * b)], 3) },
      ints: { filter: list(...filter), image: list(1, 4, 4, 4), back: list(1, 8, 2, 4) },
    }
    await expectAlike(spec, real([1, 4, 4, 4], 3), { length: 64 })
  })
})

const eight = '{id,flip,flipv,rot180,rot90,rot270,transpose,antitranspose}@0:geo'

describe('no flip and no quarter turn is left on a map', () => {
  it.each(Object.entries(cases))('%s', async (_, made) => {
    const head = [
      node('GlobalAveragePool', 'map', 'pooled'),
      node('Flatten', 'pooled', 'vector'),
      node('Gemm', 'vector last', 'y'),
    ]
    const network = await networkOf(spec(made, head, { last: real([made.channels ?? 6, 5], 3) }))
    const compiled = (plan: string) => orThrow(compileNetwork(network, orThrow(parsePlan(plan)), { schedule: 'apart' }))
    expect(compiled('vanilla-tta-geo').actsOnMaps).toBe(0)
    const turned = compiled(eight)
    if (made.keepsTurns !== true) expect(turned.actsOnMaps).toBe(0)
    const { name, h, w, c: channels } = imageType(network)
    const image = { shape: [1, h, w, channels], data: Float64Array.from(real([h * w * channels], 2).values) }
    const scores = ({ graph, parameters }: Pick<typeof turned, 'graph' | 'parameters'>): Tensor =>
      orThrow(evaluate(graph, { inputs: new Map([[name, image]]), parameters })).get('logits') as Tensor
    const naive = orThrow(compileNetwork(network, orThrow(parsePlan(eight)), { pipeline: plan => naivePipeline(plan) }))
    const wanted = scores(naive)
    scores(turned).data.forEach((value, k) => {
      expect(value).toBeCloseTo(wanted.data[k], 6)
    })
  })
})

describe('what is refused', () => {
  it('names the statistics that a normalization gives beside its value', async () => {
    const nodes = [node('LayerNormalization', 'x s', 'y mean', { axis: 1 })]
    expect(
      await problemsOf(spec({ nodes, floats: { s: real([6, 4, 4], 1) } }, [node('Flatten', 'map', 'y')])),
    ).toContain('2 outputs')
  })

  it('groups that do not divide the channels', async () => {
    const nodes = [node('GroupNormalization', 'x s b', 'y', { num_groups: 4 })]
    expect(await problemsOf(spec({ nodes, floats: { s: c(1), b: c(1) }, opset: 21 }, flattened))).toContain(
      'num_groups = 4',
    )
  })

  it('blocks that do not divide the image', async () => {
    expect(await problemsOf(spec({ nodes: [node('SpaceToDepth', 'x', 'y', { blocksize: 3 })] }, flattened))).toContain(
      'blocksize = 3 of 4×4',
    )
  })
})
