import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId, vectorType } from '../../ir/index.ts'
import { actsOnMaps, multiplyAdds, nodeMultiplyAdds } from '../../passes/index.ts'

const graphOf = (build: (b: Builder) => NodeId, dialect: 'flat' | 'branched' | 'stacked' = 'flat'): Graph => {
  const b = builder(dialect)
  return b.finish({ y: build(b) })
}

const window = {
  strides: [1, 1],
  dilations: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
} as const

describe('multiply-adds of one example', () => {
  it('of a convolution are outputs times taps times inputs of a group', () => {
    const of = (groups: number) =>
      multiplyAdds(
        graphOf(b =>
          b.conv2d(b.input('x', mapType(6, 7, 4)), b.parameter('w', [3, 2, 4 / groups, 8]), {
            groups,
            strides: [2, 1],
          }),
        ),
      )
    // Two rows of six outputs of eight channels.
    expect(of(1)).toBe(2 * 6 * 8 * 3 * 2 * 4)
    expect(of(2)).toBe(2 * 6 * 8 * 3 * 2 * 2)
  })

  it('of a matrix product are its weights, and nothing else counts', () => {
    const graph = graphOf(b =>
      b.add(
        b.dense(b.globalPool(b.relu(b.input('x', mapType(4, 4, 3)))), b.parameter('w', [3, 5])),
        b.parameter('b', [5]),
      ),
    )
    expect(multiplyAdds(graph)).toBe(15)
    expect(graph.nodes.map(node => nodeMultiplyAdds(graph, node)).filter(n => n > 0)).toEqual([15])
  })

  it('are those of all variants', () => {
    const graph = graphOf(b => {
      const x = b.branch(b.input('x', mapType(1, 1, 3)), 'a', [
        { kind: 'd4', element: 'id' },
        { kind: 'd4', element: 'flip' },
        { kind: 'd4', element: 'flipv' },
      ])
      return b.reduce(b.dense(b.flatten(b.conv2d(x, b.parameter('w', [1, 1, 3, 2]))), b.parameter('v', [2, 7])), 'geo')
    }, 'branched')
    expect(multiplyAdds(graph)).toBe(3 * (3 * 2 + 2 * 7))
  })

  it('of the gradients of a convolution are those of the convolution', () => {
    const of = (groups: number) => {
      const b = builder()
      const x = b.input('x', mapType(6, 7, 4))
      const g = b.input('g', mapType(4, 6, 8))
      const w = b.parameter('w', [3, 2, 4 / groups, 8])
      const byInput = b.draft.add('Conv2dTranspose', [g, w], { ...window, groups, extents: [6, 7] })
      const byFilter = b.draft.add('Conv2dFilterGradient', [x, g], { ...window, groups, extents: [3, 2] })
      const graph = b.finish({ y: b.conv2d(x, w, { groups }), byInput, byFilter })
      return graph.nodes.map(node => nodeMultiplyAdds(graph, node)).filter(n => n > 0)
    }
    const whole = 4 * 6 * 8 * 3 * 2 * 4
    expect(of(1)).toEqual([whole, whole, whole])
    expect(of(2)).toEqual([whole / 2, whole / 2, whole / 2])
  })

  it('of what gradients of all variants are added to are those of each', () => {
    const graph = (map: boolean) => {
      const b = builder('stacked')
      const of = (name: string, c: number) =>
        b.draft.add(
          'Stack',
          [0, 1, 2].map(k => b.input(`${name}${k}`, map ? mapType(4, 5, c) : vectorType(c))),
          {},
        )
      const [x, g] = [of('x', 2), of('g', 3)]
      const y = map
        ? b.draft.add('Conv2dFilterGradient', [x, g], { ...window, groups: 1, extents: [1, 1] })
        : b.draft.add('DenseWeightsGradient', [x, g], {})
      return b.finish({ y })
    }
    expect(multiplyAdds(graph(true))).toBe(3 * 4 * 5 * 2 * 3)
    expect(multiplyAdds(graph(false))).toBe(3 * 2 * 3)
  })
})

it('acts on maps are counted, those on filters are not', () => {
  const graph = graphOf(b => {
    const x = b.act('flip', b.act('rot90', b.input('x', mapType(4, 4, 2))))
    return b.conv2d(x, b.act('flip', b.parameter('w', [1, 1, 2, 2])))
  })
  expect(actsOnMaps(graph)).toBe(2)
})
