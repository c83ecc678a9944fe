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
  renderProblems,
  verify,
} from '../../ir/index.ts'
import {
  multiplyAdds,
  naivePipeline,
  optimizations,
  parsePlan,
  placePlan,
  runPasses,
  stackVariants,
  unroll,
  unstacked,
} from '../../passes/index.ts'
import { zoo } from '../../src/zoo/index.ts'
import { environmentOf, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryBranchedGraph } from '../arbitrary/graph.ts'
import { expectSameValues, valuesOf } from '../laws/agreement.ts'

/** The stacked graph, which means the same, bit by bit on small integers. */
const stacked = (graph: Graph): Graph => {
  const { inputs, parameters } = environmentOf(graph, 'integers', 1, 2)
  const result = runPasses([stackVariants], { graph, parameters })
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  const { graph: after } = result.right.program
  const verified = verify(after)
  if (E.isLeft(verified)) throw new Error(renderProblems(verified.left))
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
    const architecture = zoo('preact-resnet-20')
    const plan = parsePlan('flip-4-max')
    if (E.isLeft(architecture) || E.isLeft(plan)) throw new Error('no such network or plan')
    const { graph } = architecture.right
    const placed = placePlan(plan.right, graph, () => 0)
    if (E.isLeft(placed)) throw new Error('no such maps')
    const { parameters } = environmentOf(graph, 'reals', 1, 1)
    const run = (schedule: 'apart' | 'stacked') => {
      const result = runPasses([...naivePipeline(placed.right), ...optimizations(schedule)], { graph, parameters })
      if (E.isLeft(result)) throw new Error(renderProblems(result.left))
      return result.right.program.graph
    }
    const [apart, together] = [run('apart'), run('stacked')]
    expect(multiplyAdds(together)).toBe(multiplyAdds(apart))
    expect(count(together, 'Conv2d')).toBeLessThan(count(apart, 'Conv2d') / 1.5)
    expect(parse(print(together))).toEqual(E.right(together))
  })
})

describe('taking stacks apart again', () => {
  it('is flat and means the same, with as many multiply-adds, on unrolled branched graphs', () => {
    fc.assert(
      fc.property(
        withEnvironment(arbitraryBranchedGraph({ arithmetic: 'exact' }), { kind: 'integers' }),
        ({ graph, environment: { inputs, parameters } }) => {
          const result = runPasses([unroll, ...optimizations('stacked')], { graph, parameters })
          if (E.isLeft(result)) throw new Error(renderProblems(result.left))
          const { program } = result.right
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
