import { describe, expect, it } from 'vitest'
import { list, type ModelSpec, type NodeSpec, node, numbers, problemsOf, scalar } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

/** Attention of the four pixels of a map of six channels, its two heads counted as examples: `[n · heads, pixels, channels]`. */
const folded = (changed: {
  readonly input?: readonly (number | string)[]
  readonly opset?: number
  readonly ints?: ModelSpec['ints']
  readonly floats?: ModelSpec['floats']
  readonly softmax?: NodeSpec
  readonly queries?: readonly NodeSpec[]
  readonly rows?: NodeSpec
  readonly end?: readonly NodeSpec[]
}): ModelSpec => ({
  input: changed.input ?? ['n', 6, 2, 2],
  opset: changed.opset ?? 17,
  nodes: [
    node('Reshape', 'x flat', 'f'),
    node('Transpose', 'f', 'tokens', { perm: [2, 0, 1] }),
    ...['q', 'k', 'v'].flatMap(name => [
      node('MatMul', `tokens w${name}`, `${name}0`),
      node('Reshape', `${name}0 heads`, `${name}1`),
      node('Transpose', `${name}1`, `${name}2`, { perm: [1, 0, 2] }),
    ]),
    ...(changed.queries ?? [node('Mul', 'q2 scale', 'q3')]),
    node('Transpose', 'k2', 'k3', { perm: [0, 2, 1] }),
    node('MatMul', 'q3 k3', 's'),
    changed.softmax ?? node('Softmax', 's', 'p', { axis: -1 }),
    node('MatMul', 'p v2', 'o'),
    node('Transpose', 'o', 'o1', { perm: [1, 0, 2] }),
    node('Reshape', 'o1 rows', 'o2'),
    changed.rows ?? node('Gemm', 'o2 out bias', 'o3', { transB: 1, alpha: { float: 0.5 } }),
    node('Reshape', 'o3 pixels', 'o4'),
    ...(changed.end ?? [node('Transpose', 'o4', 'o5', { perm: [1, 2, 0] }), node('Flatten', 'o5', 'y')]),
  ],
  floats: {
    ...Object.fromEntries(['wq', 'wk', 'wv', 'out'].map((name, k) => [name, small([6, 6], k + 1)])),
    ...{ bias: small([6], 5), scale: scalar(0.3) },
    ...changed.floats,
  },
  ints: {
    ...{ flat: list(0, 6, -1), heads: list(4, -1, 3), rows: list(-1, 6), pixels: list(4, -1, 6), first: list(0) },
    ...changed.ints,
  },
})

const small = (dims: readonly number[], seed: number) => {
  const { values } = numbers(dims, seed)
  return { dims, values: values.map(x => Math.fround(x / 9)) }
}

const ofOne = { heads: list(4, 2, 3), rows: list(4, 6), pixels: list(4, 1, 6) }
const ofTwo = { heads: list(4, 4, 3), rows: list(8, 6), pixels: list(4, 2, 6) }

/** Queries that are one of two parts, before whose heads the part is an axis. */
const ofPart = (...queries: readonly NodeSpec[]) => ({
  queries: [
    node('MatMul', 'tokens wide', 'qq'),
    node('Reshape', 'qq both', 'qb'),
    node('Transpose', 'qb', 'qt', { perm: [1, 2, 0, 3] }),
    ...queries,
  ],
  input: [1, 6, 2, 2],
  ints: { ...ofOne, both: list(4, 2, 2, 3), one: list(1), second: scalar(1) },
  floats: { wide: small([6, 12], 8) },
})
const squeezed = (from: string): NodeSpec => node('Squeeze', `${from} first`, 'q3')

describe.skipIf(absent !== undefined)('heads that are part of the batch, as onnxruntime has them', () => {
  it.each([
    ['of an open batch', 2, {}],
    ['of a batch of one', 1, { input: [1, 6, 2, 2], ints: ofOne }],
    ['of a batch of two', 2, { input: [2, 6, 2, 2], ints: ofTwo }],
    ['as a 0 in a shape says', 2, { ints: { heads: list(0, -1, 3) } }],
    ['of which a softmax names the last axis', 2, { softmax: node('Softmax', 's', 'p', { axis: 2 }) }],
    ['with a scale for each channel', 2, { floats: { scale: small([1, 1, 3], 6) } }],
    [
      'with queries that are apart on the way',
      2,
      {
        queries: [node('Reshape', 'q2 apart', 'qa'), node('Relu', 'qa', 'qr'), node('Reshape', 'qr together', 'q3')],
        ints: { apart: list(-1, 2, 4, 3), together: list(-1, 4, 3) },
      },
    ],
    [
      'of numbers that pass ops of each on its own',
      1,
      { queries: [node('Sigmoid', 'q2', 'qs'), node('Add', 'qs q2', 'q3')], input: [1, 6, 2, 2], ints: ofOne },
    ],
    [
      'of which a function is written in steps',
      2,
      { queries: [node('Sigmoid', 'q2', 'qs'), node('Mul', 'qs q2', 'q3')] },
    ],
    ['of which a part is taken by splitting', 1, ofPart(node('Split', 'qt', 'qu qv', { axis: 0 }), squeezed('qv'))],
    ['of which a part is taken by slicing', 1, ofPart(node('Slice', 'qt first one first', 'qu'), squeezed('qu'))],
    ['of which a part is taken by its index', 1, ofPart(node('Gather', 'qt second', 'q3', { axis: -4 }))],
    ['of which rows pass a product', 2, { rows: node('MatMul', 'o2 out', 'o3') }],
  ] as const)('%s', async (_, batch, changed) => {
    await expectAlike(folded(changed), numbers([batch, 6, 2, 2], 3), { length: 24 * batch })
  })
})

describe('what heads that are part of the batch are refused for', () => {
  it.each([
    ['saw [n·2,4,3], where the batch is part of an axis', { queries: [node('Softmax', 'q2', 'q3', { axis: -1 })] }],
    [
      'saw [1·2,4,3], where',
      {
        queries: [node('Reshape', 'q2 all', 'qa'), node('Gather', 'qa places', 'q3', { axis: 0 })],
        input: [1, 6, 2, 2],
        ints: { ...ofOne, all: list(-1), places: { dims: [2, 4, 3], values: [...Array(24).keys()] } },
      },
    ],
    ['saw [n·2,4,3], where', { queries: [node('Split', 'q2', 'q3 rest', { axis: 0 })] }],
    [
      'saw [4,3,n·2], where',
      {
        queries: [node('Transpose', 'q2', 'qt', { perm: [1, 2, 0] }), node('MatMul', 'qt turn', 'q3')],
        floats: { turn: small([2, 3], 7) },
      },
    ],
    ['saw [n·2,4,3] and [4,n·2,3], where', { queries: [node('Add', 'q2 q1', 'q3')] }],
    ['saw a constant [2,1,1] that differs by example', { floats: { scale: small([2, 1, 1], 6) } }],
    ['saw an attention along another axis than the last', { softmax: node('Softmax', 's', 'p', { axis: 1 }) }],
    ['saw an attention along another axis than the last', { softmax: node('Softmax', 's', 'p'), opset: 11 }],
    ['saw a multiple of the size of the batch', { queries: [node('Shape', 'q2', 'd'), node('Reshape', 'q2 d', 'q3')] }],
    ["[4,n,6] under shape [3,-1,3]: a batch of 3 where the graph's is open", { ints: { heads: list(3, -1, 3) } }],
    ['[4,n,6] under shape [0,0,7]: 24 values an example, which do not fill it', { ints: { heads: list(0, 0, 7) } }],
    ['saw a product of [2,n,2,2,3]; expected [n, heads, pixels, channels]', { ints: { heads: list(2, -1, 3) } }],
    ['[n·2,4,3] under shape [4,-1,3]: examples that it mixes', { queries: [node('Reshape', 'q2 heads', 'q3')] }],
    ['output y: saw [4·n,6], where the batch is part of an axis', { end: [node('Identity', 'o3', 'y')] }],
    ['[4·n,6] under shape []: no axis for the batch', { ints: { pixels: list() } }],
    ['saw weights [6]; expected a matrix', { rows: node('Gemm', 'o2 bias', 'o3') }],
  ] as const)('%s', async (said, changed) => {
    expect(await problemsOf(folded(changed))).toContain(said)
  })
})
