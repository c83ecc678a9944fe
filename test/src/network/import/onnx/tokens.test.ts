import { describe, expect, it } from 'vitest'
import { parsePlan } from '../../../../../passes/index.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { compileNetwork } from '../../../../../src/compile/compile.ts'
import { type Array4, list, type ModelSpec, type NodeSpec, networkOf, node, numbers, scalar } from './model.ts'
import { absent, both, expectAlike } from './oracle.ts'

const real = (dims: readonly number[], seed: number): Array4 => ({
  dims,
  values: numbers(dims, seed).values.map(x => Math.fround(x / 7 + 0.05)),
})

const normalized = [node('LayerNormalization', 'z0 s b', 'z1')]
/** The same before there was an op for it. */
const normalizedInSteps = [
  node('ReduceMean', 'z0', 'm', { axes: [-1] }),
  node('Sub', 'z0 m', 'd'),
  node('Pow', 'd two', 'd2'),
  node('ReduceMean', 'd2', 'var', { axes: [-1] }),
  node('Add', 'var tiny', 've'),
  node('Sqrt', 've', 'r'),
  node('Div', 'd r', 'n'),
  node('Mul', 'n s', 'ns'),
  node('Add', 'ns b', 'z1'),
]

/** One block of a vision transformer on 2×2 patches of two heads, `[n, tokens + 4, 8]` in the end. */
const transformer = (tokens: number, norm: readonly NodeSpec[], readout: readonly NodeSpec[]): ModelSpec => ({
  input: ['n', 3, 4, 4],
  opset: 17,
  nodes: [
    node('Conv', 'x patch', 'p', { strides: [2, 2] }),
    node('Reshape', 'p rows', 'r0'),
    node('Transpose', 'r0', 't', { perm: [0, 2, 1] }),
    node('Shape', 'x', 'all'),
    node('Slice', 'all zero one', 'batch'),
    node('Concat', 'batch shape', 'wide', { axis: 0 }),
    node('Expand', 'cls wide', 'first'),
    node('Concat', 'first t', 'z', { axis: 1 }),
    node('Add', 'z table', 'z0'),
    ...norm,
    node('MatMul', 'z1 three', 'z2'),
    node('Add', 'z2 bias', 'z3'),
    node('Reshape', 'z3 heads', 'z4'),
    node('Transpose', 'z4', 'z5', { perm: [2, 0, 3, 1, 4] }),
    ...['q', 'k', 'v'].map((name, at) => node('Gather', `z5 ${'012'[at]}`, name, { axis: 0 })),
    node('Mul', 'q scale', 'qs'),
    node('Transpose', 'k', 'kt', { perm: [0, 1, 3, 2] }),
    node('MatMul', 'qs kt', 'a'),
    node('Softmax', 'a', 'w', { axis: -1 }),
    node('MatMul', 'w v', 'o'),
    node('Transpose', 'o', 'o1', { perm: [0, 2, 1, 3] }),
    node('Reshape', 'o1 back', 'o2'),
    node('MatMul', 'o2 out', 'o3'),
    node('Add', 'z0 o3', 'z6'),
    node('Sigmoid', 'z6', 'z7'),
    ...readout,
  ],
  floats: {
    ...{ patch: real([8, 3, 2, 2], 1), cls: real([1, tokens, 8], 2), table: real([1, tokens + 4, 8], 3) },
    ...{ s: real([8], 4), b: real([8], 5), three: real([8, 24], 6), bias: real([24], 7), out: real([8, 8], 8) },
    ...{ scale: scalar(0.3), two: scalar(2), tiny: scalar(1e-5), classes: real([8, 5], 1) },
  },
  ints: {
    ...{ rows: list(0, 8, -1), zero: list(0), one: list(1), shape: list(tokens, 8), back: list(0, tokens + 4, 8) },
    ...{ heads: list(0, tokens + 4, 3, 2, 4), '0': scalar(0), '1': scalar(1), '2': scalar(2) },
    ...{
      from: list(tokens),
      to: list(tokens + 4),
      last: list(tokens + 3),
      back1: list(-1),
      before: list(-100),
      square: list(0, 24, 24),
    },
  },
})

const ofToken = [node('Gather', 'z7 0', 'y', { axis: 1 })]
const ofPixels = [node('Slice', 'z7 from to one', 'y0'), node('ReduceMean', 'y0', 'y', { axes: [1], keepdims: 0 })]
/** The first place of as many as there are channels, turned and under their own shape. */
const ofTurned = [
  node('Transpose', 'z3', 'zt', { perm: [0, 2, 1] }),
  node('Reshape', 'zt square', 'zs'),
  node('Transpose', 'zs', 'zr', { perm: [0, 2, 1] }),
  node('Gather', 'zr 0', 'y', { axis: 1 }),
]
const image = real([1, 3, 4, 4], 3)

describe.skipIf(absent !== undefined)('tokens beside the pixels of a map', () => {
  it.each([
    ['a token is read', transformer(1, normalized, ofToken)],
    ['pixels are read', transformer(3, normalizedInSteps, ofPixels)],
  ] as const)('%s', async (_, model) => {
    await expectAlike(model, image, { length: 8 })
    const scores = node('MatMul', 'y classes', 'scores')
    const network = await networkOf({ ...model, nodes: [...model.nodes, scores], outputs: ['scores'] })
    const plan = orThrow(parsePlan('vanilla-tta-geo'))
    expect(orThrow(compileNetwork(network, plan, { schedule: 'apart' })).actsOnMaps).toBe(0)
  })

  it('as many as channels, are told from them where they are turned', async () => {
    await expectAlike(transformer(20, normalized, ofTurned), image, { length: 24 })
  })

  it('of values alone, where keys have both, are refused', async () => {
    const model = transformer(1, normalized, ofToken)
    const found = model.nodes.map(other => (other.out[0] === 'o' ? node('MatMul', 'w pixels', 'o') : other))
    const { own } = await both({ ...model, nodes: [node('Slice', 'v from to 2', 'pixels'), ...found] }, image)
    expect(own).toContain('node MatMul of o (MatMul): saw MatMul of pixels beside tokens')
  })

  it.each([
    ['ReduceMean of pixels beside tokens', [node('ReduceMean', 'z7', 'y', { axes: [1], keepdims: 0 })]],
    ['Slice of pixels beside tokens', [node('Slice', 'z7 back1 before one back1', 'y')]],
    ['places 0 to 4 of tokens and pixels', [node('Slice', 'z7 zero last one', 'y')]],
    ['LayerNormalization of pixels beside tokens', [node('LayerNormalization', 'z7 table', 'y', { axis: 1 })]],
  ] as const)('what mixes them is refused: %s', async (said, readout) => {
    const { own } = await both(transformer(1, normalized, readout), image)
    expect(own).toContain(said)
  })
})
