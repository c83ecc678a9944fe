import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, decodeErrors, type Graph, mapType, type NodeId, vectorType } from '../../ir/index.ts'
import {
  CostModel,
  microsecondsOf,
  predictor,
  quantities,
  type WorkKind,
  workKinds,
  workOf,
} from '../../passes/index.ts'
import { shippedCosts } from '../../src/compile/calibrate/index.ts'

const graphOf = (build: (b: Builder, x: NodeId) => NodeId): Graph => {
  const b = builder()
  return b.finish({ y: build(b, b.input('x', mapType(8, 8, 4))) })
}

const convolution = (b: Builder, x: NodeId, groups = 1): NodeId =>
  b.conv2d(x, b.parameter('w', [3, 3, 4 / groups, 8]), { padding: 1, groups })

describe('work', () => {
  it('of a convolution is its multiply-adds, the windows it reads, and its operands and result in bytes', () => {
    const { convolution: work } = workOf(graphOf(convolution), 2, false)
    const outputs = 2 * 8 * 8 * 8
    expect(work.calls).toBe(1)
    expect(work.multiply_adds).toBeCloseTo((outputs * 9 * 4) / 1e6, 12)
    expect(work.windows).toBeCloseTo((4 * 2 * 8 * 8 * 9 * 4) / 1e6, 12)
    expect(work.bytes).toBeCloseTo((4 * (outputs + 2 * 8 * 8 * 4 + 9 * 4 * 8)) / 1e6, 12)
  })

  it('of a grouped convolution is a call a group, of a depthwise one a single one', () => {
    expect(
      workOf(
        graphOf((b, x) => convolution(b, x, 2)),
        1,
        false,
      ).convolution.calls,
    ).toBe(2)
    expect(
      workOf(
        graphOf((b, x) => convolution(b, x, 4)),
        1,
        false,
      ).depthwise.calls,
    ).toBe(1)
  })

  it('of what depends on parameters alone is nothing', () => {
    const plain = graphOf(convolution)
    const turned = graphOf((b, x) =>
      b.conv2d(x, b.act('flip', b.binary('add', b.parameter('w', [3, 3, 4, 8]), b.parameter('v', [3, 3, 4, 8]))), {
        padding: 1,
      }),
    )
    expect(workOf(turned, 4, false)).toEqual(workOf(plain, 4, false))
  })

  it('of a bias and a clamp is nothing where the backend fuses them and nothing else reads what lies between', () => {
    const layer = (b: Builder, x: NodeId): NodeId => b.relu(b.add(convolution(b, x), b.parameter('bias', [8])))
    const calls = (graph: Graph, fuses: boolean): number =>
      workKinds.reduce((n, kind) => n + workOf(graph, 1, fuses)[kind].calls, 0)
    expect(calls(graphOf(layer), false)).toBe(3)
    expect(calls(graphOf(layer), true)).toBe(1)
    const read = graphOf((b, x) => {
      const y = convolution(b, x)
      return b.binary('maximum', b.relu(b.add(y, b.parameter('bias', [8]))), y)
    })
    expect(calls(read, true)).toBe(calls(read, false))
    const residual = graphOf((b, x) => b.relu(b.add(convolution(b, x), b.concat([x, x]))))
    expect(calls(residual, true)).toBe(calls(residual, false))
  })

  it('of a stack is that of all its values in one call', () => {
    const b = builder('stacked')
    const x = b.input('x', vectorType(6))
    const stack = b.draft.add('Stack', [x, x, x], {})
    const y = b.dense(stack, b.parameter('w', [6, 5]))
    const graph = b.finish({ y: b.draft.add('Unstack', [y], { index: 1, count: 3 }) })
    const { dense, concat, slice } = workOf(graph, 2, false)
    expect(dense.calls).toBe(1)
    expect(dense.multiply_adds).toBeCloseTo((2 * 3 * 30) / 1e6, 12)
    expect(concat.bytes).toBeCloseTo((4 * 2 * 2 * 18) / 1e6, 12)
    expect(slice.bytes).toBeCloseTo((4 * 2 * 2 * 5) / 1e6, 12)
  })

  it('times rates is the prediction', () => {
    const graph = graphOf((b, x) => b.relu(convolution(b, x)))
    const { fuses, rates } = shippedCosts['node-gpu']
    const work = workOf(graph, 3, fuses)
    const by = workKinds.flatMap(kind => quantities.map(quantity => work[kind][quantity] * rates[kind][quantity]))
    expect(predictor({ fuses, rates }, 3)(graph)).toBeCloseTo(
      by.reduce((a, b) => a + b, 0),
      9,
    )
    expect(microsecondsOf(work, rates)).toBeGreaterThan(0)
  })
})

/** What is called, by kind, and for how many kernels. */
const called = (graph: Graph, batch = 1, fuses = false): Partial<Record<WorkKind, number>> => {
  const work = workOf(graph, batch, fuses)
  return Object.fromEntries(workKinds.filter(kind => work[kind].calls > 0).map(kind => [kind, work[kind].calls]))
}

const window = {
  strides: [1, 1],
  dilations: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
} as const

describe('kinds of work', () => {
  const norm = (b: Builder, x: NodeId): NodeId =>
    b.batchNorm(x, ['s', 'o', 'm', 'v'].map(name => b.parameter(name, [4])) as never, 0.1)

  it.each<readonly [string, Partial<Record<WorkKind, number>>, (b: Builder, x: NodeId) => NodeId]>([
    ['a normalization', { bias: 1 }, norm],
    ['an activation', { pointwise: 1 }, (b, x) => b.relu(x)],
    ['a sum of two maps', { pointwise: 1 }, (b, x) => b.add(x, x)],
    ['a sum with a parameter', { bias: 1 }, (b, x) => b.add(x, b.parameter('b', [4]))],
    ['a max pool', { pool: 1 }, (b, x) => b.maxPool(x, 2)],
    ['a mean pool', { pool: 1 }, (b, x) => b.meanPool(x, 2)],
    ['a global pool', { 'global-pool': 1 }, (b, x) => b.globalPool(x)],
    ['a softmax', { 'global-pool': 1, pointwise: 1 }, (b, x) => b.softmax(b.globalPool(x))],
    ['a resize', { rearrange: 1 }, (b, x) => b.resize(x, [4, 4])],
    ['a rotation', { rearrange: 1 }, (b, x) => b.transform({ kind: 'rotate', degrees: 5 }, x)],
    ['a scaling', { rearrange: 1 }, (b, x) => b.transform({ kind: 'scale', factor: 1.1 }, x)],
    ['a shift', { rearrange: 2 }, (b, x) => b.transform({ kind: 'shift', dy: 1, dx: 0 }, x)],
    ['an act', { rearrange: 1 }, (b, x) => b.act('flip', x)],
    ['a transposition', { rearrange: 1 }, (b, x) => b.transpose(x, [1, 0, 2])],
    ['padding', { rearrange: 1 }, (b, x) => b.pad(x, window.padding)],
    ['a concatenation', { concat: 1 }, (b, x) => b.concat([x, x])],
    ['a slice', { slice: 1 }, (b, x) => b.slice(x, 1, 2)],
    ['a flattening as it lies', { view: 1 }, (b, x) => b.flatten(x)],
    ['a flattening channel by channel', { rearrange: 1 }, (b, x) => b.flatten(x, 'chw')],
    ['a vector as a map', { 'global-pool': 1, view: 1 }, (b, x) => b.unflatten(b.globalPool(x))],
    ['a mean of scores', { 'global-pool': 1, pointwise: 6 }, (b, x) => b.combine([b.globalPool(x)], 'geo')],
    [
      'sums over the batch',
      { 'global-pool': 1 },
      (b, x) => b.draft.add('ReduceTo', [x], { to: mapType(1, 1, 4), reduction: 'sum' }),
    ],
    ['a warp', { rearrange: 1 }, (b, x) => b.draft.add('Warp', [x, b.parameter('m', [2, 2])], {})],
    ['its gradient', { rearrange: 2 }, (b, x) => b.draft.add('WarpGradient', [x, b.parameter('m', [2, 2])], {})],
    ['stretching', { rearrange: 1 }, (b, x) => b.draft.add('Stretch', [b.parameter('p', [4]), x], {})],
    [
      'the gradient of a max pool',
      { pool: 1 },
      (b, x) => b.draft.add('MaxPoolGradient', [x, x], { ...window, size: [3, 3], ceil: false }),
    ],
    [
      'the gradient of a mean pool',
      { pool: 1 },
      (b, x) =>
        b.draft.add('MeanPoolGradient', [x], {
          ...window,
          size: [3, 3],
          ceil: false,
          countPadding: false,
          extents: [8, 8],
        }),
    ],
    [
      'the gradient of a resize',
      { rearrange: 2 },
      (b, x) => b.draft.add('ResizeGradient', [x], { extents: [4, 4], method: 'linear', coordinates: 'half-pixel' }),
    ],
    [
      'the gradient of a flattening as it lies',
      { view: 2 },
      (b, x) => b.draft.add('FlattenGradient', [b.flatten(x)], { shape: [8, 8, 4], order: 'hwc' }),
    ],
    [
      'the gradient of a flattening channel by channel',
      { view: 1, rearrange: 1 },
      (b, x) => b.draft.add('FlattenGradient', [b.flatten(x)], { shape: [8, 8, 4], order: 'chw' }),
    ],
    ['another shape of the same numbers', { bias: 1 }, (b, x) => b.add(x, b.reshape(b.parameter('p', [2, 2]), [1, 4]))],
    [
      'the gradient of a normalization',
      { bias: 4 },
      (b, x) =>
        b.draft.add(
          'BatchNormInputGradient',
          [x, x, ...['s', 'm', 'v', 'g', 'p'].map(name => b.parameter(name, [4]))],
          { epsilon: 0.1 },
        ),
    ],
  ])('%s is %o', (_, kinds, build) => {
    expect(called(graphOf(build))).toEqual(kinds)
  })

  it.each([
    [1, { convolution: 1 }],
    [2, { convolution: 2 }],
    [4, { depthwise: 1 }],
  ] as const)('a convolution in %i groups and its gradient by its input are %o', (groups, kinds) => {
    expect(called(graphOf((b, x) => convolution(b, x, groups)))).toEqual(kinds)
    const gradient = (b: Builder, x: NodeId) =>
      b.draft.add('Conv2dTranspose', [x, b.parameter('w', [3, 3, 4 / groups, 4])], {
        ...window,
        groups,
        extents: [8, 8],
      })
    expect(called(graphOf(gradient))).toEqual(kinds)
  })

  it('one channel is not depthwise', () => {
    const b = builder()
    const x = b.input('x', mapType(3, 3, 1))
    const y = b.conv2d(x, b.parameter('w', [3, 3, 1, 1]), { padding: 1 })
    const z = b.draft.add('Conv2dTranspose', [y, b.parameter('v', [3, 3, 1, 1])], {
      ...window,
      groups: 1,
      extents: [3, 3],
    })
    expect(called(b.finish({ z }))).toEqual({ convolution: 2 })
  })

  it('a branch copies its map for each variant, and its scores are reduced', () => {
    const b = builder('branched')
    const x = b.branch(b.input('x', mapType(2, 2, 1)), 'a', [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
    ])
    expect(called(b.finish({ y: b.reduce(b.flatten(x), 'geo') }))).toEqual({ concat: 1, view: 1, pointwise: 6 })
  })
})

describe('bytes and rows', () => {
  const of = (kind: WorkKind, build: (b: Builder, x: NodeId) => NodeId) => {
    const { bytes, rows } = workOf(graphOf(build), 2, false)[kind]
    return { numbers: Math.round((bytes * 1e6) / 4), rows: Math.round(rows * 1e6) }
  }
  const all = 2 * 8 * 8 * 4

  it('what is copied is read and written, a pixel a row', () => {
    expect(of('rearrange', (b, x) => b.act('flip', x))).toEqual({ numbers: 2 * all, rows: 2 * 64 })
    expect(of('rearrange', (b, x) => b.pad(x, window.padding))).toEqual({ numbers: 2 * 2 * 100 * 4, rows: 2 * 100 })
    expect(of('slice', (b, x) => b.slice(x, 1, 2))).toEqual({ numbers: all, rows: 2 * 64 })
    expect(of('concat', (b, x) => b.concat([x, x, x]))).toEqual({ numbers: 6 * all, rows: 3 * 2 * 64 })
  })

  it('what is computed is read, all of it, and written', () => {
    expect(of('pointwise', (b, x) => b.add(x, x))).toEqual({ numbers: 3 * all, rows: 0 })
    expect(of('bias', (b, x) => b.add(x, b.parameter('b', [4])))).toEqual({ numbers: 2 * all + 4, rows: 0 })
  })

  it('another shape of the same numbers costs neither', () => {
    expect(of('view', (b, x) => b.flatten(x))).toEqual({ numbers: 0, rows: 0 })
  })

  it('of a stack a value is a row', () => {
    const b = builder('stacked')
    const x = b.input('x', mapType(2, 2, 3))
    const stack = b.draft.add('Stack', [x, x, x], {})
    const work = workOf(b.finish({ y: b.draft.add('Unstack', [stack], { index: 1, count: 3 }) }), 2, false)
    expect(work.concat.rows * 1e6).toBeCloseTo(3, 9)
    expect(work.slice.rows * 1e6).toBeCloseTo(1, 9)
  })

  it('a convolution in groups copies windows for each', () => {
    const windows = (groups: number) =>
      workOf(
        graphOf((b, x) => convolution(b, x, groups)),
        2,
        false,
      ).convolution.windows * 1e6
    // Every group reads its own inputs: together all of them once.
    expect(windows(1)).toBeCloseTo(4 * 2 * 64 * 9 * 4, 6)
    expect(windows(2)).toBeCloseTo(windows(1), 6)
  })
})

describe('a backend that fuses', () => {
  const bias = (b: Builder): NodeId => b.parameter('bias', [8])
  const norm = (b: Builder, x: NodeId): NodeId =>
    b.batchNorm(x, ['s', 'o', 'm', 'v'].map(name => b.parameter(name, [8])) as never, 0.1)

  it.each<readonly [string, Partial<Record<WorkKind, number>>, (b: Builder, y: NodeId) => NodeId]>([
    ['a clamp', { convolution: 1 }, (b, y) => b.relu(y)],
    ['a clamp to 6', { convolution: 1 }, (b, y) => b.unary('relu6', y)],
    ['a bias on the left', { convolution: 1 }, (b, y) => b.add(bias(b), y)],
    ['a clamp after a bias', { convolution: 1 }, (b, y) => b.relu(b.add(y, bias(b)))],
    ['not another activation', { convolution: 1, pointwise: 1 }, (b, y) => b.unary('tanh', y)],
    ['not a second clamp', { convolution: 1, pointwise: 1 }, (b, y) => b.relu(b.relu(y))],
    ['not a second bias', { convolution: 1, bias: 1 }, (b, y) => b.add(b.add(y, bias(b)), b.parameter('more', [8]))],
    ['not a product', { convolution: 1, bias: 1 }, (b, y) => b.multiply(y, bias(b))],
    ['not a bias of each pixel', { convolution: 1, bias: 1 }, (b, y) => b.add(y, b.parameter('bias', [8, 8, 8]))],
    ['not the sum of a map', { convolution: 1, pointwise: 1 }, (b, y) => b.add(y, b.input('z', mapType(8, 8, 8)))],
    ['a clamp after a normalization', { convolution: 1, bias: 1 }, (b, y) => b.relu(norm(b, y))],
    ['not a bias after a normalization', { convolution: 1, bias: 2 }, (b, y) => b.add(norm(b, y), bias(b))],
    ['not a clamp of a sum', { convolution: 1, bias: 1, pointwise: 1 }, (b, y) => b.relu(b.multiply(y, bias(b)))],
  ])('takes along after a convolution: %s', (_, kinds, build) => {
    expect(
      called(
        graphOf((b, x) => build(b, convolution(b, x))),
        1,
        true,
      ),
    ).toEqual(kinds)
  })

  it('takes nothing along that another op reads too', () => {
    const graph = graphOf((b, x) => {
      const y = b.add(convolution(b, x), bias(b))
      return b.multiply(b.relu(y), y)
    })
    expect(called(graph, 1, true)).toEqual({ convolution: 1, pointwise: 2 })
  })
})

describe('a cost model in a file', () => {
  it('comes back as it was', () => {
    const { wasm } = shippedCosts
    expect(CostModel.decode(JSON.parse(JSON.stringify(CostModel.encode(wasm))))).toEqual(E.right(wasm))
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined])('is refused with a rate of %s', rate => {
    const { wasm } = shippedCosts
    const dense = { ...wasm.rates.dense, calls: rate }
    const decoded = CostModel.decode({ ...wasm, rates: { ...wasm.rates, dense } })
    expect(E.isLeft(decoded) && decodeErrors(decoded.left)).toMatchObject([
      { path: 'rates.dense.calls', expected: 'a number from 0' },
    ])
    expect(E.isLeft(decoded) && decoded.left[0].context[0].type.name).toBe('CostModel')
  })
})
