import { describe, expect, it } from 'vitest'
import {
  type AttributesOf,
  builder,
  draft,
  evaluate,
  type Graph,
  mapType,
  sharedType,
  type Tensor,
  type Type,
  tensor,
  vectorType,
} from '../../ir/index.ts'
import { allRules, any, computed, make, op, ref, rewrite } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'

type Act = AttributesOf<'Act'>

const values = tensor(
  [2, 2, 2],
  Float64Array.from({ length: 8 }, (_, i) => i),
)

/** Acts on a parameter `[2, 2, 2]`, the first of them last. */
const acted = (...acts: readonly Act[]): Graph => {
  const d = draft('flat')
  const x = d.add('Parameter', [], { name: 'x', shape: [2, 2, 2] })
  return d.finish([{ name: 'y', node: acts.reduceRight((y, act) => d.add('Act', [y], act), x) }])
}

const meaning = (graph: Graph): Tensor =>
  orThrow(evaluate(graph, { inputs: new Map(), parameters: new Map([['x', values]]) })).get('y') as Tensor

describe('acts on shared tensors', () => {
  const turned = (axes: readonly [number, number]): Act => ({ element: 'rot90', axes })

  it.each([
    [turned([0, 1]), turned([0, 2])],
    [turned([0, 2]), turned([1, 2])],
    [turned([0, 1]), turned([1, 0])],
  ])('do not compose on other axes', (g, h) => {
    const graph = acted(g, h)
    const { graph: rewritten } = rewrite(graph, allRules)
    expect(rewritten.nodes).toHaveLength(3)
    expect(meaning(rewritten)).toEqual(meaning(graph))
  })

  it('compose on the same axes', () => {
    const graph = acted(turned([2, 0]), turned([2, 0]))
    const { graph: rewritten } = rewrite(graph, allRules)
    expect(rewritten.nodes).toHaveLength(2)
    expect(meaning(rewritten)).toEqual(meaning(graph))
  })
})

describe('a rule that is written wrongly', () => {
  const graph = acted({ element: 'flip', axes: [0, 1] })

  it.each([
    [
      'what its left side does not bind',
      make(
        'Act',
        computed('', m => m.attributes('Act', 'h')),
        ref('x'),
      ),
    ],
    [
      'attributes of another op than is bound',
      make(
        'Act',
        computed('', m => m.attributes('Rotate', 'g') as never),
        ref('x'),
      ),
    ],
    ['a node that its left side does not bind', ref('z')],
  ])('is told where it asks for %s', (_, rhs) => {
    const lhs = op('Act', 'g', any('x'))
    expect(() => rewrite(graph, [{ name: 'wrong', precision: 'exact', mode: 'both', lhs, rhs }])).toThrow(
      'a rule asks for',
    )
  })

  it('is told where it matches everything', () => {
    expect(() =>
      rewrite(graph, [{ name: 'wrong', precision: 'exact', mode: 'both', lhs: any('x'), rhs: ref('x') }]),
    ).toThrow('rule wrong matches everything')
  })
})

describe('the bias of a convolution goes into the mean of the batch norm after it', () => {
  const biased = (channels: number, bias: readonly number[], wide: number): Graph => {
    const b = builder()
    const conv = b.conv2d(b.input('x', mapType(2, 2, 1)), b.parameter('w', [1, 1, 1, channels]))
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [wide])) as [number, number, number, number]
    return b.finish({ y: b.batchNorm(b.add(conv, b.parameter('b', bias)), statistics, 0.1) })
  }
  const rule = allRules.filter(({ name }) => name === 'fold-bias-into-mean')

  it.each([
    ['one number a channel', biased(3, [3], 3), 1],
    ['one number of the only channel', biased(1, [1], 1), 1],
    ['one number of all channels', biased(3, [1], 3), 0],
    ['many numbers of one channel', biased(1, [3], 3), 0],
    ['one number a pixel and channel', biased(2, [2, 2, 2], 2), 0],
  ])('%s', (_, graph, times) => {
    expect(rewrite(graph, rule).rewrites['fold-bias-into-mean'] ?? 0).toBe(times)
  })
})

describe('an act sinks through a mean pool', () => {
  const rule = allRules.filter(({ name }) => name === 'sink-through-mean-pool')
  const pooled = (countPadding: boolean, ceil: boolean): Graph => {
    const b = builder()
    const x = b.act('flip', b.input('x', mapType(4, 4, 1)))
    return b.finish({ y: b.meanPool(x, [2, 2], { strides: 2, padding: 1, countPadding, ceil }) })
  }

  it.each([
    ['that counts real pixels, rounding down', pooled(false, false), 1],
    ['that counts real pixels, rounding up', pooled(false, true), 1],
    ['that counts padding, rounding down', pooled(true, false), 1],
    ['but not one that counts padding, rounding up', pooled(true, true), 0],
  ])('%s', (_, graph, times) => {
    expect(rewrite(graph, rule).rewrites['sink-through-mean-pool'] ?? 0).toBe(times)
  })
})

describe('an act sinks past an operand that it fixes', () => {
  const beside = (x: Type, axes: readonly [number, number], y: Type, swapped: boolean): Graph => {
    const d = draft('flat')
    const [left, right] = [x, y].map((type, k) => d.add('Input', [], { name: `x${k}`, type }))
    const acted = d.add('Act', [left], { element: 'flip', axes })
    return d.finish([
      { name: 'y', node: d.add('Binary', swapped ? [right, acted] : [acted, right], { fn: 'multiply' }) },
    ])
  }

  it.each([
    ['a map, one number a channel', mapType(3, 4, 2), [0, 1], sharedType([2]), 1],
    ['a map, one number a channel of each example', mapType(3, 4, 2), [0, 1], mapType(1, 1, 2), 1],
    ['a map, one column', mapType(3, 4, 2), [0, 1], mapType(3, 1, 2), 1],
    ['a map, but not one row', mapType(3, 4, 2), [0, 1], mapType(1, 4, 2), 0],
    ['a shared tensor, one number a channel', sharedType([3, 4, 2]), [0, 1], sharedType([2]), 1],
    ['but not a shared tensor whose product is a map', sharedType([3, 4, 2]), [1, 2], mapType(1, 1, 1), 0],
    ['but not a shared tensor of fewer axes', sharedType([3, 4]), [0, 1], sharedType([2, 3, 4]), 0],
    ['but not a shared tensor of fewer axes, all 1', sharedType([3, 4]), [0, 1], sharedType([1, 1, 1]), 0],
  ] as const)('%s', (_, x, axes, y, times) => {
    for (const [swapped, name] of [
      [false, 'sink-past-fixed-right'],
      [true, 'sink-past-fixed-left'],
    ] as const) {
      const rule = allRules.filter(known => known.name === name)
      expect(rewrite(beside(x, axes, y, swapped), rule).rewrites[name] ?? 0).toBe(times)
    }
  })
})

describe('equal variants', () => {
  const combined = (reduction: 'geo' | 'max', operands: readonly number[], stacked: boolean): Graph => {
    const d = draft('stacked')
    const values = ['a', 'b'].map(name => d.add('Input', [], { name, type: vectorType(2) }))
    const given = stacked ? values.map(value => d.add('Stack', [value, value], {})) : values
    const multiplicity = operands.flatMap(() => (stacked ? [1, 1] : [1]))
    const logits = operands.map(k => given[k])
    return d.finish([{ name: 'y', node: d.add('Combine', logits, { reduction, multiplicity }) }])
  }
  const fired = (graph: Graph, name: string) =>
    rewrite(
      graph,
      allRules.filter(rule => rule.name === name),
    ).rewrites[name] ?? 0

  it('are merged where two are one node, and none is a stack', () => {
    expect(fired(combined('max', [0, 0], false), 'merge-equal-variants')).toBe(1)
    expect(fired(combined('max', [0, 1, 0], false), 'merge-equal-variants')).toBe(1)
    expect(fired(combined('max', [0, 1], false), 'merge-equal-variants')).toBe(0)
    expect(fired(combined('max', [0, 0], true), 'merge-equal-variants')).toBe(0)
  })

  it('are dropped where one is left, its logits are averaged, and it is no stack', () => {
    expect(fired(combined('geo', [0], false), 'drop-mean-of-one')).toBe(1)
    expect(fired(combined('max', [0], false), 'drop-mean-of-one')).toBe(0)
    expect(fired(combined('geo', [0], true), 'drop-mean-of-one')).toBe(0)
    expect(fired(combined('geo', [0, 1], false), 'drop-mean-of-one')).toBe(0)
  })
})
