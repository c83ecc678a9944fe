import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  type Graph,
  mapType,
  type NodeId,
  nodesWithTag,
  parse,
  print,
  sharedType,
  vectorType,
  verify,
} from '../../ir/index.ts'
import {
  type Admit,
  multiplyAdds,
  naivePipeline,
  optimizations,
  parseFixedPlan,
  placePlan,
  runPasses,
  stackVariants,
  unroll,
  unstacked,
} from '../../passes/index.ts'
import { stackVariantsIn } from '../../passes/stack-variants.ts'
import { orThrow } from '../../src/base/error.ts'
import { zoo } from '../../src/network/zoo/index.ts'
import { environmentOf, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../arbitrary/graph.ts'
import { expectSameValues, valuesOf } from '../laws/agreement.ts'

/** The stacked graph, which means the same, bit by bit on small integers. */
const stacked = (graph: Graph): Graph => {
  const { inputs, parameters } = environmentOf(graph, 'integers', 1, 2)
  const { graph: after } = orThrow(runPasses([stackVariants], { graph, parameters })).program
  orThrow(verify(after))
  expectSameValues(valuesOf(after, { inputs, parameters }), valuesOf(graph, { inputs, parameters }), 'exact')
  return after
}

const count = (graph: Graph, tag: Parameters<typeof nodesWithTag>[1]): number => nodesWithTag(graph, tag).length

const twoMaps = (build: (b: Builder, maps: readonly [NodeId, NodeId]) => NodeId): Graph => {
  const b = builder()
  const x = b.input('x', mapType(4, 4, 2))
  return b.finish({ y: build(b, [x, b.transform({ kind: 'shift', dy: 1, dx: 0 }, x)]) })
}

describe('stacking', () => {
  it('puts two maps side by side for one convolution, and takes them apart where they meet', () => {
    const graph = stacked(
      twoMaps((b, maps) => {
        const w = b.parameter('w', [3, 3, 2, 3])
        const [one, other] = maps.map(x => b.relu(b.conv2d(x, w, { padding: 1 })))
        return b.binary('maximum', one, other)
      }),
    )
    expect([count(graph, 'Stack'), count(graph, 'Conv2d'), count(graph, 'Unary'), count(graph, 'Unstack')]).toEqual([
      1, 1, 1, 2,
    ])
  })

  it('does not stack what goes into different weights', () => {
    const graph = stacked(
      twoMaps((b, [x, y]) =>
        b.add(b.conv2d(x, b.parameter('w', [1, 1, 2, 3])), b.conv2d(y, b.parameter('v', [1, 1, 2, 3]))),
      ),
    )
    expect(count(graph, 'Stack')).toBe(0)
  })

  it('does not stack what slides otherwise: the two images of a strided convolution', () => {
    const graph = stacked(
      twoMaps((b, [x, y]) => {
        const w = b.parameter('w', [3, 3, 2, 3])
        const padding = [
          [0, 1],
          [1, 0],
        ] as const
        return b.add(
          b.conv2d(x, w, { strides: 2, padding }),
          b.conv2d(y, w, { strides: 2, padding: [padding[1], padding[0]] }),
        )
      }),
    )
    expect(count(graph, 'Conv2d')).toBe(2)
  })

  it('does not stack global pools of maps of different extents, though their results are alike', () => {
    const graph = stacked(
      twoMaps((b, [x, y]) => {
        const small = b.maxPool(y, 2, { strides: 2 })
        const large = b.relu(x)
        const w = b.parameter('w', [2, 3])
        return b.combine([b.dense(b.globalPool(large), w), b.dense(b.globalPool(small), w)], 'geo')
      }),
    )
    expect([count(graph, 'GlobalPool'), count(graph, 'Stack'), count(graph, 'Dense')]).toEqual([2, 1, 1])
  })

  it('does not stack one value with itself', () => {
    const graph = stacked(
      twoMaps((b, [x]) => {
        const w = b.parameter('w', [1, 1, 2, 2])
        return b.add(b.conv2d(x, w), b.relu(b.conv2d(x, w)))
      }),
    )
    expect(count(graph, 'Stack')).toBe(0)
  })

  it('keeps multiplicities with their variants, whatever the order in which a reduction reads them', () => {
    const graph = stacked(
      twoMaps((b, [x, y]) => {
        const w = b.parameter('w', [2, 3])
        const [one, other] = [x, y].map(map => b.dense(b.globalPool(b.relu(map)), w))
        return b.combine([other, one], 'geo', [3, 1])
      }),
    )
    expect(count(graph, 'Unstack')).toBe(0)
  })

  it('lets residual sums follow their stacks', () => {
    const graph = stacked(
      twoMaps((b, maps) => {
        const [w, v] = [b.parameter('w', [3, 3, 2, 2]), b.parameter('v', [3, 3, 2, 2])]
        const [one, other] = maps.map(x => {
          const y = b.add(x, b.conv2d(x, w, { padding: 1 }))
          return b.add(y, b.conv2d(b.relu(y), v, { padding: 1 }))
        })
        return b.binary('maximum', one, other)
      }),
    )
    expect([count(graph, 'Stack'), count(graph, 'Conv2d'), count(graph, 'Unstack')]).toEqual([1, 2, 2])
  })

  it('halves the later convolutions of flip-4: variants whose acts agree share their weights', () => {
    const { graph } = orThrow(zoo('preact-resnet-20'))
    const placed = orThrow(placePlan(orThrow(parseFixedPlan('flip-4-max')), graph, () => 0))
    const { parameters } = environmentOf(graph, 'reals', 1, 1)
    const run = (schedule: 'apart' | 'stacked') => {
      const result = orThrow(runPasses([...naivePipeline(placed), ...optimizations(schedule)], { graph, parameters }))
      return result.program.graph
    }
    const [apart, together] = [run('apart'), run('stacked')]
    expect(multiplyAdds(together)).toBe(multiplyAdds(apart))
    expect(count(together, 'Conv2d')).toBeLessThan(count(apart, 'Conv2d') / 1.5)
    expect(parse(print(together))).toEqual(E.right(together))
  })
})

/** What a node reads, by name or number. */
const operandsOf = (graph: Graph, tag: Parameters<typeof nodesWithTag>[1]): readonly (readonly (string | number)[])[] =>
  nodesWithTag(graph, tag).map(({ operands }) => operands.map(id => graph.nodes[id].name ?? id))

describe('a stack', () => {
  const begun = () => {
    const b = builder()
    const [x, y, z] = ['x', 'y', 'z'].map(name => b.input(name, mapType(4, 4, 2)))
    return { b, x, y, z, w: b.parameter('w', [3, 3, 2, 2]), v: b.parameter('v', [3, 3, 2, 2]) }
  }
  const conv = (b: Builder, x: NodeId, w: NodeId): NodeId => b.conv2d(x, w, { padding: 1 })

  it('is counted by how often one begins and how many ops it saves', () => {
    const { b, x, y, z, w, v } = begun()
    const maps = [x, y, z].map(map => conv(b, b.relu(conv(b, map, w)), v))
    const graph = b.finish({ y: b.concat(maps) })
    const { rewrites, graph: after } = stackVariantsIn(graph)
    // Of twice three convolutions and three activations are left three ops.
    expect(rewrites).toEqual({ 'begin-stack': 1, 'stack-values': 6 })
    expect(after.dialect).toBe('stacked')
    expect(operandsOf(after, 'Stack')).toEqual([['x', 'y', 'z']])
    expect(nodesWithTag(after, 'Unstack').map(({ attributes }) => attributes)).toEqual(
      [0, 1, 2].map(index => ({ index, count: 3 })),
    )
  })

  it('begins only where it is admitted, and says where', () => {
    const { b, x, y, w } = begun()
    const maps = [x, y].map((map, k) => b.conv2d(map, w, { padding: 1, name: `conv${k}` }))
    const graph = b.finish({ y: b.binary('maximum', maps[0], maps[1]) })
    const asked: Parameters<Admit>[0][] = []
    const result = stackVariants.run({ graph, parameters: new Map() }, firing => {
      asked.push(firing)
      return false
    })
    expect(asked).toEqual([
      { pass: 'stack-variants', rewrite: 'begin-stack', rule: null, op: 'Conv2d', at: maps[0], name: 'conv0' },
    ])
    expect(result).toMatchObject({ right: { program: { graph }, rewrites: {} } })
  })

  it('may grow: a value that comes later joins it', () => {
    const { b, x, y, z, w, v } = begun()
    const pair = [x, y].map(map => b.relu(conv(b, map, w)))
    // z lies beside the two of one stack where all three go into v.
    const graph = stacked(b.finish({ y: b.concat([...pair, z].map(map => conv(b, map, v))) }))
    expect(nodesWithTag(graph, 'Stack').map(({ operands }) => operands.length)).toEqual([2, 2])
    expect(count(graph, 'Conv2d')).toBe(2)
    expect(nodesWithTag(graph, 'Unstack').map(({ attributes: { count } }) => count)).toEqual([3, 3, 3])
  })

  it('begins before ops of no weights, if all of their values go into the same weights', () => {
    const { b, x, y, w } = begun()
    const graph = stacked(b.finish({ y: b.binary('maximum', conv(b, b.relu(x), w), conv(b, b.relu(y), w)) }))
    expect([count(graph, 'Unary'), count(graph, 'Conv2d'), count(graph, 'Stack')]).toEqual([1, 1, 1])
  })

  it('does not begin before ops whose values go nowhere, or into different weights', () => {
    const { b, x, y, w, v } = begun()
    const nowhere = b.binary('maximum', b.relu(x), b.relu(y))
    expect(count(stacked(b.finish({ nowhere })), 'Stack')).toBe(0)
    const different = b.binary('maximum', conv(b, b.unary('tanh', x), w), conv(b, b.unary('tanh', y), v))
    expect(count(stacked(b.finish({ different })), 'Stack')).toBe(0)
  })

  it('is of different values, one operand each: sums follow stacks, but begin none', () => {
    const { b, x, y, z, w } = begun()
    const sums = [b.add(x, y), b.add(y, z)].map(sum => conv(b, sum, w))
    const graph = stacked(b.finish({ y: b.binary('maximum', sums[0], sums[1]) }))
    expect([count(graph, 'Stack'), count(graph, 'Conv2d')]).toEqual([1, 1])
    expect(nodesWithTag(graph, 'Binary')).toHaveLength(3)
  })

  it('is read whole by sums in its order alone', () => {
    const { b, x, y, w, v } = begun()
    const [one, other] = [x, y].map(map => conv(b, map, w))
    const [third, fourth] = [x, y].map(map => conv(b, map, v))
    const straight = [b.add(one, third), b.add(other, fourth)].map(sum => conv(b, sum, w))
    const graph = stacked(b.finish({ y: b.binary('maximum', straight[0], straight[1]) }))
    expect([count(graph, 'Conv2d'), nodesWithTag(graph, 'Binary').length]).toEqual([3, 2])
    const crossed = [b.add(one, fourth), b.add(other, third)].map(sum => conv(b, sum, v))
    const across = stacked(b.finish({ y: b.binary('maximum', crossed[0], crossed[1]) }))
    // The sums are made one by one, and their values stacked again.
    expect(nodesWithTag(across, 'Binary')).toHaveLength(3)
  })

  it('is put on another as it is', () => {
    const { b, x, y, z, w, v } = begun()
    const u = b.parameter('u', [3, 3, 2, 2])
    const four = [conv(b, x, w), conv(b, y, w), conv(b, z, u), conv(b, b.relu(z), u)]
    const graph = stacked(b.finish({ y: b.concat(four.map(map => conv(b, map, v))) }))
    expect(operandsOf(graph, 'Stack').map(operands => operands.length)).toEqual([2, 2, 2])
    expect(nodesWithTag(graph, 'Unstack').map(({ attributes: { count } }) => count)).toEqual([4, 4, 4, 4])
  })

  it('is read whole by ops that stand in another order', () => {
    const { b, x, y, z, w, v } = begun()
    const maps = [x, y, z].map(map => conv(b, map, w))
    const later = [maps[2], maps[0], maps[1]].map(map => conv(b, map, v))
    const graph = stacked(b.finish({ y: b.concat(later) }))
    expect([count(graph, 'Stack'), count(graph, 'Conv2d'), count(graph, 'Unstack')]).toEqual([1, 2, 3])
  })

  it('is not read whole by as many ops that read one of its values', () => {
    const { b, x, y, w, v } = begun()
    const [one, other] = [x, y].map(map => conv(b, map, w))
    const graph = stacked(b.finish({ y: b.concat([conv(b, one, v), conv(b, one, v), b.relu(other)]) }))
    expect(count(graph, 'Conv2d')).toBe(3)
  })

  it('is not made of sources, though they have one name', () => {
    const b = builder()
    const type = mapType(4, 4, 2)
    const w = b.parameter('w', [3, 3, 2, 2])
    const maps = [b.input('x', type), b.input('x', type)].map(map => conv(b, map, w))
    const graph = stacked(b.finish({ y: b.concat(maps) }))
    expect([count(graph, 'Input'), count(graph, 'Stack'), count(graph, 'Conv2d')]).toEqual([2, 1, 1])
  })

  it('is not made of values whose parameters have numbers that only look alike', () => {
    const b = builder()
    const [, p1, p2, p3, p4, , , , , , , p11, p12] = Array.from({ length: 13 }, (_, k) => b.parameter(`p${k}`, [2]))
    const w = b.parameter('w', [3, 3, 2, 2])
    const [x, y] = ['x', 'y'].map(name => b.input(name, mapType(4, 4, 2)))
    const maps = [b.batchNorm(x, [p1, p12, p3, p4], 1), b.batchNorm(y, [p11, p2, p3, p4], 1)]
    expect([p1, p12, p11, p2]).toEqual([1, 12, 11, 2])
    const { graph } = stackVariantsIn(b.finish({ y: b.concat(maps.map(map => conv(b, map, w))) }))
    expect([count(graph, 'BatchNorm'), count(graph, 'Conv2d')]).toEqual([2, 1])
  })

  it('is not made of one value twice, though two ops read it alike', () => {
    const { b, x, w } = begun()
    const [one, other] = [conv(b, x, w), conv(b, x, w)]
    expect(stackVariantsIn(b.finish({ y: b.binary('maximum', one, other) })).rewrites).toEqual({})
  })

  it('of other filters, and of maps of other sizes, is another', () => {
    const { b, x, y, w } = begun()
    const small = b.maxPool(y, 2, { strides: 2 })
    const graph = stacked(
      b.finish({
        y: b.binary('maximum', conv(b, b.maxPool(x, 2, { strides: 2 }), w), conv(b, small, w)),
        z: conv(b, x, w),
      }),
    )
    expect(count(graph, 'Conv2d')).toBe(2)
  })

  it('is taken apart once for all readers', () => {
    const { b, x, y, w } = begun()
    const [one, other] = [x, y].map(map => conv(b, map, w))
    const graph = stacked(b.finish({ a: b.binary('maximum', one, other), b: b.binary('minimum', one, other), one }))
    expect(count(graph, 'Unstack')).toBe(2)
  })
})

describe('a reduction', () => {
  const scoresOf = (stacks: readonly (readonly string[])[]) => {
    const b = builder()
    const scores = stacks.flatMap((names, k) => {
      const w = b.parameter(`w${k}`, [2, 3])
      return names.map(name => b.dense(b.input(name, vectorType(2)), w, name))
    })
    return { b, scores }
  }

  const read = (graph: Graph) =>
    nodesWithTag(graph, 'Combine').map(({ operands, attributes }) => [
      operands.map(id => graph.nodes[id].tag),
      attributes.multiplicity,
    ])[0]

  it('reads whole stacks, each in its own order, with their multiplicities', () => {
    const { b, scores } = scoresOf([
      ['a', 'b'],
      ['c', 'd'],
    ])
    const mixed = [3, 0, 2, 1].map(k => scores[k])
    const graph = stacked(b.finish({ y: b.combine(mixed, 'geo', [4, 1, 3, 2]) }))
    // d, a, c, b with 4, 1, 3, 2: the stack of c and d with 3 and 4, that of a and b with 1 and 2.
    expect(read(graph)).toEqual([
      ['Dense', 'Dense'],
      [3, 4, 1, 2],
    ])
    expect(count(graph, 'Unstack')).toBe(0)
  })

  it('reads values that lie on no stack as they are', () => {
    const { b, scores } = scoresOf([['a', 'b'], ['c']])
    const graph = stacked(b.finish({ y: b.combine([scores[2], scores[1], scores[0]], 'sum', [5, 7, 9]) }))
    expect(read(graph)).toEqual([
      ['Dense', 'Dense'],
      [5, 9, 7],
    ])
  })

  it('of a part of a stack takes that off it', () => {
    const { b, scores } = scoresOf([['a', 'b', 'c']])
    const graph = stacked(b.finish({ y: b.combine([scores[2], scores[0]], 'max', [5, 7]), z: b.relu(scores[1]) }))
    expect(read(graph)).toEqual([
      ['Unstack', 'Unstack'],
      [7, 5],
    ])
    expect(nodesWithTag(graph, 'Unstack').map(({ attributes: { index } }) => index)).toEqual([0, 2, 1])
  })

  it('of a stack in its order reads it whole, of its first value or one value as often alone', () => {
    const { b, scores } = scoresOf([['a', 'b', 'c']])
    const all = stacked(b.finish({ y: b.combine(scores, 'geo', [1, 2, 4]) }))
    expect(read(all)).toEqual([['Dense'], [1, 2, 4]])
    const rest = b.concat(scores.slice(1))
    const first = stacked(b.finish({ y: b.combine([scores[0]], 'sum', [3]), rest }))
    expect(read(first)).toEqual([['Unstack'], [3]])
    const pair = scoresOf([['a', 'b']])
    const [one, other] = pair.scores
    const often = stacked(pair.b.finish({ y: pair.b.combine([one, one], 'sum', [3, 5]), other: pair.b.relu(other) }))
    expect(read(often)).toEqual([
      ['Unstack', 'Unstack'],
      [3, 5],
    ])
  })

  it('reads what lies on no stack where it stands', () => {
    const { b, scores } = scoresOf([['a', 'b'], ['c'], ['d']])
    const graph = stacked(b.finish({ y: b.combine([scores[2], scores[0], scores[1], scores[3]], 'sum', [1, 2, 3, 4]) }))
    const [combine] = nodesWithTag(graph, 'Combine')
    expect(combine.operands.map(id => graph.nodes[id].name)).toEqual(['c', 'a', 'd'])
    expect(combine.attributes.multiplicity).toEqual([1, 2, 3, 4])
  })

  it('that reads a value twice reads it twice', () => {
    const { b, scores } = scoresOf([['a', 'b']])
    const graph = stacked(b.finish({ y: b.combine([scores[0], scores[0], scores[1]], 'geo', [1, 2, 4]) }))
    expect(read(graph)).toEqual([
      ['Unstack', 'Unstack', 'Unstack'],
      [1, 2, 4],
    ])
  })
})

it('a graph that takes sums over the batch is not stacked: its variants are side by side already', () => {
  const b = builder()
  const [x, y] = ['x', 'y'].map(name => b.input(name, vectorType(2)))
  const w = b.parameter('w', [2, 3])
  const scores = b.binary('maximum', b.dense(x, w), b.dense(y, w))
  const loss = b.draft.add('ReduceTo', [scores], { to: sharedType([]), reduction: 'mean' })
  const graph = b.finish({ loss })
  const result = stackVariantsIn(graph)
  expect(result).toEqual({ graph: { ...graph, dialect: 'stacked' }, rewrites: {} })
})

describe('taking stacks apart again', () => {
  it('is flat and means the same, with as many multiply-adds, on unrolled branched graphs', () => {
    fc.assert(
      fc.property(
        withEnvironment(arbitraryBranchedGraph({ arithmetic: 'exact' }), { kind: 'integers' }),
        ({ graph, environment: { inputs, parameters } }) => {
          const { program } = orThrow(runPasses([unroll, ...optimizations('stacked')], { graph, parameters }))
          const flat = unstacked(program.graph)
          assert.equal(flat.dialect, 'flat')
          assert.ok(E.isRight(verify(flat)))
          assert.equal(multiplyAdds(flat), multiplyAdds(program.graph))
          const environment = { inputs, parameters: program.parameters }
          expectSameValues(valuesOf(flat, environment), valuesOf(program.graph, environment), 'exact')
        },
      ),
      { numRuns: 200 },
    )
  })
})
