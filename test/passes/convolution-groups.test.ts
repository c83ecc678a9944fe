import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId } from '../../ir/index.ts'
import { convolutionGroups, mirrorPairs } from '../../passes/convolution-groups.ts'
import { canSplit } from '../../passes/split-convolution.ts'

/** A builder with an image and the graph of all that is built. */
const begun = () => {
  const b = builder()
  const x = b.input('x', mapType(6, 6, 2))
  return { b, x, graphOf: () => b.finish({ y: b.draft.nodes.length - 1 }) }
}

describe('groups of convolutions', () => {
  it('read one map alike, two or more, in the order of their filters', () => {
    const { b, x, graphOf } = begun()
    const [w, v, u] = ['w', 'v', 'u'].map(name => b.parameter(name, [3, 3, 2, 4]))
    const [second, third, first] = [v, u, w].map(filter => b.conv2d(x, filter))
    b.conv2d(b.relu(x), w)
    expect(convolutionGroups(graphOf())).toEqual([[first, second, third]])
  })

  it('may have filters of different outputs, but of the same extents', () => {
    const { b, x, graphOf } = begun()
    const of = (size: number, outputs: number, name: string): NodeId =>
      b.conv2d(x, b.parameter(name, [size, size, 2, outputs]))
    const [one, other] = [of(3, 4, 'w'), of(3, 8, 'v')]
    of(1, 4, 'u')
    expect(convolutionGroups(graphOf())).toEqual([[one, other]])
  })

  it('slide alike, and are ungrouped', () => {
    const { b, x, graphOf } = begun()
    const w = b.parameter('w', [3, 3, 2, 2])
    b.conv2d(x, w)
    b.conv2d(x, w, { strides: 2 })
    b.conv2d(x, w, { dilations: 2 })
    b.conv2d(x, w, { padding: 1 })
    const v = b.parameter('v', [3, 3, 1, 2])
    b.conv2d(x, v, { groups: 2, strides: [1, 2] })
    b.conv2d(x, v, { groups: 2, strides: [1, 2] })
    expect(convolutionGroups(graphOf())).toEqual([])
  })

  it('are convolutions: other ops that read one map alike are none', () => {
    const { b, x, graphOf } = begun()
    b.add(b.relu(x), b.relu(x))
    expect(convolutionGroups(graphOf())).toEqual([])
  })

  it('are no gradients of convolutions, which slide alike too', () => {
    const { b, x, graphOf } = begun()
    const window = {
      strides: [1, 1],
      dilations: [1, 1],
      padding: [
        [1, 1],
        [1, 1],
      ],
      groups: 1,
      extents: [6, 6],
    } as const
    for (const name of ['w', 'v']) b.draft.add('Conv2dTranspose', [x, b.parameter(name, [3, 3, 2, 2])], window)
    expect(convolutionGroups(graphOf())).toEqual([])
  })
})

describe('pairs of mirror images', () => {
  const pairsOf = (filters: (b: Builder, w: NodeId) => readonly NodeId[], size: readonly [number, number] = [3, 3]) => {
    const { b, x, graphOf } = begun()
    const group = filters(b, b.parameter('w', [...size, 2, 4])).map(filter => b.conv2d(x, filter, { padding: 1 }))
    return mirrorPairs(graphOf(), group).map(({ first, second, axis }) => [
      group.indexOf(first),
      group.indexOf(second),
      axis,
    ])
  }

  it('are a filter and its flip, along columns or rows', () => {
    expect(pairsOf((b, w) => [w, b.act('flip', w)])).toEqual([[0, 1, 1]])
    expect(pairsOf((b, w) => [b.act('flipv', w), w])).toEqual([[0, 1, 0]])
    expect(pairsOf((b, w) => [b.act('rot180', w), b.act('flip', w)])).toEqual([[0, 1, 0]])
    expect(pairsOf((b, w) => [b.act('rot180', w), b.act('flipv', w)])).toEqual([[0, 1, 1]])
  })

  it('are not otherwise related filters', () => {
    expect(pairsOf((b, w) => [w, b.act('rot90', w)])).toEqual([])
    expect(pairsOf((b, w) => [w, b.act('rot180', w)])).toEqual([])
    expect(pairsOf((b, w) => [w, b.parameter('v', [3, 3, 2, 4])])).toEqual([])
    expect(pairsOf((b, w) => [w, b.act('flip', b.parameter('v', [3, 3, 2, 4]))])).toEqual([])
    expect(pairsOf((_, w) => [w, w])).toEqual([])
  })

  it('are acts on taps: a flip of other axes is a filter of its own', () => {
    expect(pairsOf((b, w) => [w, b.act('flip', w, [0, 2])])).toEqual([])
    expect(pairsOf((b, w) => [w, b.act('flip', w, [2, 1])])).toEqual([])
    expect(pairsOf((b, w) => [w, b.act('flip', w, [1, 0])])).toEqual([])
  })

  it('take each filter once, and leave over what has no partner', () => {
    const all = (b: Builder, w: NodeId) => [w, b.act('flip', w), b.act('flipv', w), b.act('rot180', w)]
    expect(pairsOf(all)).toEqual([
      [0, 1, 1],
      [2, 3, 1],
    ])
    expect(pairsOf((b, w) => [b.parameter('v', [3, 3, 2, 4]), ...all(b, w).slice(1)])).toEqual([[1, 3, 0]])
  })

  it('can be split', () => {
    expect(pairsOf((b, w) => [w, b.act('flip', w)], [3, 2])).toEqual([])
    expect(pairsOf((b, w) => [w, b.act('flipv', w)], [3, 2])).toEqual([[0, 1, 0]])
  })
})

describe('a convolution can be split', () => {
  const splits = (
    size: readonly [number, number],
    options: Parameters<Builder['conv2d']>[2] = {},
  ): readonly boolean[] => {
    const { b, x, graphOf } = begun()
    const id = b.conv2d(x, b.parameter('w', [...size, 2, 4]), options)
    const graph = graphOf()
    return ([0, 1] as const).map(axis => canSplit(graph, graph.nodes[id] as never, axis))
  }

  it('along an axis on which its filter is odd and more than one tap', () => {
    expect(splits([3, 5], { padding: 1 })).toEqual([true, true])
    expect(splits([1, 3])).toEqual([false, true])
    expect(splits([3, 2])).toEqual([true, false])
  })

  it('if the middle of every window lies in the image', () => {
    // The first middle of three taps under a pad of 1 is pixel 0, the last under one of 1 is pixel 5.
    const pads = (before: number, after: number) =>
      [
        [before, after],
        [0, 0],
      ] as const
    expect(splits([3, 3], { padding: pads(1, 1) })[0]).toBe(true)
    expect(splits([3, 3], { padding: pads(2, 0) })[0]).toBe(false)
    expect(splits([3, 3], { padding: pads(0, 2) })[0]).toBe(false)
    // A dilation of 2 moves the middle two pixels in; strides end where they end.
    expect(splits([3, 3], { padding: pads(2, 2), dilations: [2, 1] })[0]).toBe(true)
    expect(splits([3, 3], { padding: pads(3, 2), dilations: [2, 1] })[0]).toBe(false)
    expect(splits([3, 3], { padding: pads(1, 1), strides: [2, 1] })[0]).toBe(true)
    expect(splits([3, 3], { padding: pads(1, 2), strides: [2, 1] })[0]).toBe(false)
    expect(splits([3, 3], { padding: pads(1, 2), strides: [4, 1] })[0]).toBe(true)
  })
})
