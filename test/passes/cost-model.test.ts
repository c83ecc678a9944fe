import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId, vectorType } from '../../ir/index.ts'
import { CostModel, microsecondsOf, predictor, quantities, workKinds, workOf } from '../../passes/index.ts'
import { shippedCosts } from '../../src/calibrate/index.ts'

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

describe('a cost model in a file', () => {
  it('comes back as it was', () => {
    const { wasm } = shippedCosts
    expect(CostModel.decode(JSON.parse(JSON.stringify(CostModel.encode(wasm))))).toEqual(E.right(wasm))
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined])('is refused with a rate of %s', rate => {
    const { wasm } = shippedCosts
    const dense = { ...wasm.rates.dense, calls: rate }
    expect(E.isLeft(CostModel.decode({ ...wasm, rates: { ...wasm.rates, dense } }))).toBe(true)
  })
})
