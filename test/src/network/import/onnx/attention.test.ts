import { describe, expect, it } from 'vitest'
import { type Array4, list, type ModelSpec, type NodeSpec, node, numbers, problemsOf } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

const small = (dims: readonly number[], seed: number) => {
  const { values } = numbers(dims, seed)
  return { dims, values: values.map(x => Math.fround(x / 9)) }
}

interface Changed {
  readonly attention: NodeSpec
  /** Whether `b` is `[n, heads, pixels, channels]`, and not `a` `[n, pixels, channels]`. */
  readonly inHeads?: true
  readonly opset?: number
  /** Of the image before its pixels are one axis. */
  readonly turn?: readonly number[]
  /** How many keys and values a pixel has, and channels of values. */
  readonly keys?: number
  readonly values?: number
}

type Case = readonly [said: string, changed: Changed]

/** Products of each with `rows`, and the same as `[n, heads, pixels, channels]`: of `q` these are `q` and `qh`. */
const headed = (...names: readonly string[]): readonly NodeSpec[] =>
  names.flatMap(name => [
    node('MatMul', `rows w${name}`, name),
    node('Reshape', `${name} heads`, `${name}0`),
    node('Transpose', `${name}0`, `${name}h`, { perm: [0, 2, 1, 3] }),
  ])

/** `Attention` of the four pixels of a map of six channels, `[n, pixels, channels]`: `q`, `k`, `v`; in two heads: `qh`, `kh`, `vh`. */
const attending = ({
  attention,
  inHeads,
  turn = [0, 1, 2, 3],
  opset = 23,
  keys = 6,
  values = 6,
}: Changed): ModelSpec => ({
  input: ['n', 6, 2, 2],
  opset,
  nodes: [
    node('Transpose', 'x', 'xt', { perm: turn }),
    node('Reshape', 'xt flat', 'f'),
    node('Transpose', 'f', 'rows', { perm: [0, 2, 1] }),
    node('Transpose', 'f', 'tokens', { perm: [2, 0, 1] }),
    ...headed('q', 'k', 'v'),
    node('Reshape', 'kh many', 'folded'),
    node('Transpose', 'x', 'xc', { perm: [0, 1, 3, 2] }),
    node('Reshape', 'xc flat', 'fc'),
    node('Transpose', 'fc', 'columns', { perm: [0, 2, 1] }),
    attention,
    ...(inHeads === true ? [node('Transpose', 'b', 'a', { perm: [0, 2, 1, 3] })] : []),
    node('Flatten', 'a', 'y'),
  ],
  floats: { wq: small([6, 6], 1), wk: small([6, keys], 2), wv: small([6, values], 3), mask: small([4, 4], 4) },
  ints: { flat: list(0, 6, -1), heads: list(0, 4, 2, -1), many: list(-1, 4, 3), lengths: list(3) },
})

const inTwo = { q_num_heads: 2, kv_num_heads: 2 }
const scale = { float: 0.7 }

describe.skipIf(absent !== undefined)("ONNX's Attention, as onnxruntime has it", () => {
  it.each([
    ['of three axes', { attention: node('Attention', 'q k v', 'a', inTwo) }],
    ['of three axes, scaled', { attention: node('Attention', 'q k v', 'a', { ...inTwo, scale }) }],
    ['of one head', { attention: node('Attention', 'q k v', 'a', { q_num_heads: 1, kv_num_heads: 1 }) }],
    ['of pixels by columns', { attention: node('Attention', 'q k v', 'a', inTwo), turn: [0, 1, 3, 2] }],
    ['of values of other widths', { attention: node('Attention', 'q k v', 'a', inTwo), values: 10 }],
    ['of four axes', { attention: node('Attention', 'qh kh vh', 'b'), inHeads: true }],
    ['of four axes, scaled', { attention: node('Attention', 'qh kh vh', 'b', { scale }), inHeads: true }],
    [
      'that says what it does not limit',
      { attention: node('Attention', 'qh kh vh _', 'b', { is_causal: 0, softcap: { float: 0 } }), inHeads: true },
    ],
  ] satisfies Case[])('%s', async (_, { values = 6, ...changed }: Changed) => {
    await expectAlike(attending({ ...changed, values }), numbers([2, 6, 2, 2], 3), { length: 8 * values })
  })
})

describe("what ONNX's Attention is refused for", () => {
  const flat = (inputs: string, attributes: NodeSpec['with'] = {}): NodeSpec =>
    node('Attention', inputs, 'a', { ...inTwo, ...attributes })
  it.each([
    ['saw an attention with a mask; expected queries, keys and values', { attention: flat('q k v mask') }],
    ['saw an attention with past keys', { attention: flat('q k v _ k v') }],
    ['saw an attention with past values', { attention: flat('q k v _ _ v') }],
    ['saw an attention with lengths of keys', { attention: flat('q k v _ _ _ lengths'), opset: 24 }],
    ['saw is_causal = 1; expected 0: queries that see all keys', { attention: flat('q k v', { is_causal: 1 }) }],
    ['saw left_window_size = 2', { attention: flat('q k v', { left_window_size: 2 }), opset: 25 }],
    ['saw right_window_size = 0', { attention: flat('q k v', { right_window_size: 0 }), opset: 25 }],
    ['saw softcap = 2; expected 0', { attention: flat('q k v', { softcap: { float: 2 } }) }],
    ['saw kv_num_heads = 1; expected 2', { attention: flat('q k v', { kv_num_heads: 1 }), keys: 3, values: 3 }],
    ['saw q_num_heads = 0; expected one at least', { attention: node('Attention', 'q k v', 'a') }],
    ['[n,4,6] as [n,4,4,1.5]', { attention: flat('q k v', { q_num_heads: 4, kv_num_heads: 4 }) }],
    ['saw [n,4,6] and [n·2,4,3] and [n,4,6], where the batch is part of an axis', { attention: flat('q folded v') }],
    ['saw [n·2,4,3] and [n·2,4,3] and [n·2,4,3], where', { attention: flat('folded folded folded') }],
    ['saw keys and values whose pixels are in different orders', { attention: flat('q k columns') }],
    ['saw the constant mask as input 2', { attention: flat('q mask v') }],
    ['saw an attention of [n,4,6], [n,2,4,3], [n,4,6]; expected', { attention: flat('q kh v') }],
    ['saw an attention of [n,6,2,2], [n,4,6], [n,4,6]; expected', { attention: node('Attention', 'x k v', 'a') }],
    ['saw an attention of [4,n,6]; expected [n, pixels, channels]', { attention: flat('tokens k v') }],
    ['saw heads that share their keys or values', { attention: node('Attention', 'q0 kh vh', 'a') }],
    ['saw a use of output 2', { attention: node('Attention', 'q k v', 'b a', inTwo) }],
    ['saw op Attention', { attention: flat('q k v'), opset: 22 }],
  ] satisfies Case[])('%s', async (said, changed) => {
    expect(await problemsOf(attending(changed))).toContain(said)
  })
})

/** Queries that are known at import and ask the four pixels of a map, in two heads of three channels. */
const asking = (queries: readonly number[]): ModelSpec => ({
  input: ['n', 6, 2, 2],
  nodes: [
    node('Reshape', 'x flat', 'f'),
    node('Transpose', 'f', 'rows', { perm: [0, 2, 1] }),
    ...headed('k', 'v'),
    node('Transpose', 'kh', 'kt', { perm: [0, 1, 3, 2] }),
    node('MatMul', 'q kt', 's'),
    node('Softmax', 's', 'p', { axis: -1 }),
    node('MatMul', 'p vh', 'b'),
    node('Transpose', 'b', 'a', { perm: [0, 2, 1, 3] }),
    node('Flatten', 'a', 'y'),
  ],
  floats: { q: small(queries, 5), wk: small([6, 6], 2), wv: small([6, 6], 3) },
  ints: { flat: list(0, 6, -1), heads: list(0, 4, 2, -1) },
})

describe.skipIf(absent !== undefined)('queries that are learned, as onnxruntime has them', () => {
  it.each([1, 3])('%i of them', async count => {
    await expectAlike(asking([1, 2, count, 3]), small([2, 6, 2, 2], 7), { length: 12 * count, digits: 5 })
  })
})

it('refuses queries of each example', async () => {
  expect(await problemsOf(asking([2, 2, 1, 3]))).toContain('saw known queries [2,2,1,3]; expected [1, heads, queries,')
})

/** As YOLO has it: channels of heads from one convolution, and values to the left, `v × softmax(qᵀ × k)ᵀ`. */
const turned = (more: ModelSpec['nodes'] = []): ModelSpec => ({
  input: ['n', 6, 2, 5],
  nodes: [
    node('Conv', 'x w', 'qkv'),
    node('Reshape', 'qkv heads', 'h'),
    node('Split', 'h sizes', 'q k v', { axis: 2 }),
    node('Mul', 'q scale', 'qs'),
    node('Transpose', 'qs', 'qt', { perm: [0, 1, 3, 2] }),
    node('MatMul', 'qt k', 's'),
    node('Softmax', 's', 'p', { axis: -1 }),
    node('Transpose', 'p', 'pt', { perm: [0, 1, 3, 2] }),
    node('MatMul', 'v pt', 'a'),
    node('Reshape', 'a map', 'b'),
    node('Reshape', 'v map', 'values'),
    node('Add', 'b values', 'sum'),
    node('Flatten', 'sum', 'y'),
    ...more,
  ],
  floats: { w: small([18, 6, 1, 1], 5), scale: { dims: [], values: [0.6] } },
  ints: { heads: list(0, 2, 9, 10), sizes: list(2, 2, 5), map: list(0, 10, 2, 5) },
})

describe.skipIf(absent !== undefined)('values to the left of an attention, as onnxruntime has them', () => {
  it('of heads whose values are wider than their keys', async () => {
    await expectAlike(turned(), small([2, 6, 2, 5], 7), { length: 200, digits: 5 })
  })
})

it('refuses an attention of values to the left whose scores something else reads', async () => {
  expect(await problemsOf({ ...turned([node('Flatten', 'pt', 'z')]), outputs: ['y', 'z'] })).toContain(
    'a product of two computed values',
  )
})

/** As PyTorch writes an attention with a mask of zeros: rows that it leaves nothing of would be zeros. */
const guarded = (mask: Array4, otherwise = 0): ModelSpec => ({
  input: ['n', 6, 2, 2],
  nodes: [
    node('Reshape', 'x flat', 'f'),
    node('Transpose', 'f', 'rows', { perm: [0, 2, 1] }),
    ...headed('q', 'k', 'v'),
    node('Transpose', 'kh', 'kt', { perm: [0, 1, 3, 2] }),
    node('MatMul', 'qh kt', 's'),
    node('Add', 's mask', 'masked'),
    node('Softmax', 'masked', 'p', { axis: -1 }),
    node('IsNaN', 'p', 'none'),
    node('Where', 'none otherwise p', 'kept'),
    node('MatMul', 'kept vh', 'b'),
    node('Transpose', 'b', 'a', { perm: [0, 2, 1, 3] }),
    node('Flatten', 'a', 'y'),
  ],
  floats: {
    ...{ wq: small([6, 6], 5), wk: small([6, 6], 2), wv: small([6, 6], 3) },
    ...{ mask, otherwise: { dims: [], values: [otherwise] } },
  },
  ints: { flat: list(0, 6, -1), heads: list(0, 4, 2, -1) },
})

const zeros = { dims: [1, 1, 4, 4], values: new Array<number>(16).fill(0) }

describe.skipIf(absent !== undefined)('an attention whose mask leaves nothing out, as onnxruntime has it', () => {
  it('is one without a mask', async () => {
    await expectAlike(guarded(zeros), small([2, 6, 2, 2], 7), { length: 48, digits: 5 })
  })
})

it.each([
  [
    'a mask that leaves something out',
    guarded({ ...zeros, values: zeros.values.with(1, -1) }),
    'scores to which each pixel adds its own',
  ],
  [
    'a mask of each example',
    guarded({ dims: [2, 1, 4, 4], values: [...zeros.values, ...zeros.values] }),
    '[2,1,4,4] added to scores of 2 heads',
  ],
  ['other numbers than zeros in the place of none', guarded(zeros, 1), 'op IsNaN'],
])('refuses %s', async (_, spec, said) => {
  expect(await problemsOf(spec)).toContain(said)
})
