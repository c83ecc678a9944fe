import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  elements,
  type Graph,
  type MapType,
  mapType,
  type NodeId,
  type Pair,
  type Tensor,
} from '../../ir/index.ts'
import {
  actsOnMaps,
  foldBatchNorm,
  mergeConvolutions,
  optimizations,
  rewritePass,
  runPasses,
  sinkTransforms,
} from '../../passes/index.ts'
import { fuseRules } from '../../passes/rules/index.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { expectAgreement, valuesOf } from '../laws/agreement.ts'

const firsts = (graph: Graph, environment = environmentOf(graph, 'integers', 3, 2)): Tensor =>
  [...valuesOf(graph, environment).values()][0]

/** What an op makes of an image under each element of the group, as a graph that has it before the op. */
const under = (type: MapType, build: (b: Builder, x: NodeId) => NodeId): readonly (readonly [string, Graph])[] =>
  elements
    .filter(g => type.h === type.w || !['transpose', 'antitranspose', 'rot90', 'rot270'].includes(g))
    .map(g => {
      const b = builder()
      return [g, b.finish({ y: build(b, b.act(g, b.input('image', type))) })] as const
    })

/** Asserts that the act ends after everything, and that the meaning is bit-equal on integers. */
const expectSunk = (cases: readonly (readonly [string, Graph])[]): void => {
  for (const [g, graph] of cases) {
    const { graph: sunk } = E.getOrElseW(() => expect.fail(g))(
      sinkTransforms.run({ graph, parameters: new Map() }),
    ).program
    const last = sunk.nodes[sunk.outputs[0].node]
    if (g !== 'id') expect(last.tag, g).toBe('Act')
    expect(actsOnMaps(sunk), g).toBe(g === 'id' ? 0 : 1)
    expectAgreement(firsts(sunk), firsts(graph), 'exact')
  }
}

describe('windows under a flip', () => {
  const square = mapType(6, 6, 2)

  it('a 1×1 convolution of stride 2 on an even extent, the shortcut of every ResNet', () => {
    expectSunk(under(square, (b, x) => b.conv2d(x, b.parameter('w', [1, 1, 2, 3]), { strides: 2 })))
  })

  it('SAME on an even extent with stride 2', () => {
    expectSunk(under(square, (b, x) => b.conv2d(x, b.parameter('w', [3, 3, 2, 2]), { strides: 2, padding: 'same' })))
    expectSunk(under(square, (b, x) => b.maxPool(x, 3, { strides: 2, padding: 'same' })))
  })

  it('a pool in ceil mode whose last window is cut off', () => {
    expectSunk(under(mapType(7, 7, 2), (b, x) => b.maxPool(x, 2, { strides: 2, ceil: true })))
    expectSunk(under(mapType(7, 6, 2), (b, x) => b.maxPool(x, 3, { strides: 2, ceil: true })))
  })

  it('a mean over padding in ceil mode cannot be mirrored: the act stays before it', () => {
    const b = builder()
    const x = b.act('flip', b.input('image', mapType(5, 5, 1)))
    const graph = b.finish({ y: b.meanPool(x, 2, { strides: 2, ceil: true, countPadding: true }) })
    const { graph: sunk } = E.getOrElseW(() => expect.fail())(
      sinkTransforms.run({ graph, parameters: new Map() }),
    ).program
    expect(sunk.nodes[sunk.outputs[0].node].tag).toBe('MeanPool')
    expect(actsOnMaps(sunk)).toBe(1)
  })

  it('uneven pads, a crop among them, and strides that differ by axis', () => {
    const padding: readonly [Pair, Pair] = [
      [2, 0],
      [-1, 3],
    ]
    expectSunk(under(square, (b, x) => b.conv2d(x, b.parameter('w', [2, 3, 2, 2]), { strides: [1, 2], padding })))
  })

  it('a convolution with a window that lies in the padding alone', () => {
    expectSunk(
      under(mapType(2, 2, 2), (b, x) => b.conv2d(x, b.parameter('w', [2, 2, 2, 2]), { padding: 3, strides: 3 })),
    )
  })

  it('an extent of 1: the flip of it is nothing', () => {
    const b = builder()
    const x = b.act('flip', b.input('image', mapType(4, 1, 2)))
    const graph = b.finish({ y: b.conv2d(x, b.parameter('w', [3, 3, 2, 2]), { padding: 1 }) })
    const { graph: sunk } = E.getOrElseW(() => expect.fail())(
      sinkTransforms.run({ graph, parameters: new Map() }),
    ).program
    expect(sunk.nodes.some(node => node.tag === 'Act')).toBe(false)
    expectAgreement(firsts(sunk), firsts(graph), 'exact')
  })
})

describe('resizing under a flip', () => {
  it.each([
    ['half-pixel', [3, 3], true],
    ['half-pixel', [1, 1], true],
    ['align-corners', [5, 5], true],
    ['align-corners', [5, 1], false],
    ['asymmetric', [5, 5], false],
  ] as const)('linear, %s, to %j: the act moves: %s', (coordinates, size, moves) => {
    const b = builder()
    const x = b.act('flip', b.input('image', mapType(4, 4, 1)))
    const graph = b.finish({ y: b.resize(x, size, { coordinates }) })
    const { graph: sunk } = E.getOrElseW(() => expect.fail())(
      sinkTransforms.run({ graph, parameters: new Map() }),
    ).program
    expect(sunk.nodes[sunk.outputs[0].node].tag === 'Resize' && actsOnMaps(sunk) === 1).toBe(!moves)
    expectAgreement(firsts(sunk), firsts(graph), 'rounding')
  })
})

describe('a residual', () => {
  /** `relu(conv(x) + conv1×1(x))`, both flipped, or the body alone. */
  const residual = (shortcutFlips: boolean): Graph => {
    const b = builder()
    const x = b.input('image', mapType(6, 6, 2))
    const flipped = b.act('flip', x)
    const body = b.conv2d(flipped, b.parameter('w', [3, 3, 2, 4]), { strides: 2, padding: 'same' })
    const shortcut = b.conv2d(shortcutFlips ? flipped : x, b.parameter('v', [1, 1, 2, 4]), { strides: 2 })
    return b.finish({ y: b.globalPool(b.relu(b.add(body, shortcut)), 'max') })
  }

  it('of a flipped map ends without a flip', () => {
    const graph = residual(true)
    const program = { graph, parameters: environmentOf(graph, 'integers', 3, 2).parameters }
    const { program: compiled } = E.getOrElseW(() => expect.fail())(runPasses(optimizations('apart'), program))
    expect(actsOnMaps(compiled.graph)).toBe(0)
    const inputs = environmentOf(graph, 'integers', 3, 2).inputs
    expectAgreement(firsts(compiled.graph, { inputs, parameters: compiled.parameters }), firsts(graph), 'exact')
  })

  it('whose shortcut forgets its flip is another network', () => {
    const forgetful = firsts(residual(false))
    expect(forgetful.data).not.toEqual(firsts(residual(true)).data)
  })

  it('keeps its flip where only the body flips', () => {
    const { graph: sunk } = E.getOrElseW(() => expect.fail())(
      sinkTransforms.run({ graph: residual(false), parameters: new Map() }),
    ).program
    expect(actsOnMaps(sunk)).toBe(1)
    expectAgreement(firsts(sunk), firsts(residual(false)), 'exact')
  })
})

describe('weights that flips go into', () => {
  it.each(['hwc', 'chw'] as const)('rows of dense weights after a map flattened %s', order => {
    for (const [g, graph] of under(mapType(3, 3, 2), (b, x) =>
      b.dense(b.flatten(x, order), b.parameter('w', [18, 3])),
    )) {
      const pass = rewritePass('fuse', fuseRules)
      const { graph: fused } = E.getOrElseW(() => expect.fail(g))(pass.run({ graph, parameters: new Map() })).program
      expect(actsOnMaps(fused), g).toBe(0)
      expectAgreement(firsts(fused), firsts(graph), 'exact')
    }
  })

  it('a batch norm after a convolution that another node reads stays', () => {
    const b = builder()
    const conv = b.conv2d(b.input('image', mapType(4, 4, 2)), b.parameter('w', [1, 1, 2, 2]))
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [2])) as [NodeId, NodeId, NodeId, NodeId]
    const graph = b.finish({ y: b.add(conv, b.batchNorm(conv, statistics, 0.5)) })
    const { graph: folded } = E.getOrElseW(() => expect.fail())(
      foldBatchNorm.run({ graph, parameters: new Map() }),
    ).program
    expect(folded).toEqual(graph)
  })
})

describe('merging convolutions', () => {
  it('finds all there is to merge at once, where equal maps are not shared yet too', () => {
    const b = builder()
    const image = b.input('image', mapType(6, 6, 2))
    const read = (x: NodeId, name: string) => b.conv2d(x, b.parameter(name, [3, 3, 2, 2]), { padding: 'same' })
    const graph = b.finish({
      a: b.add(read(image, 'a'), read(image, 'b')),
      b: b.add(read(b.relu(image), 'c'), read(b.relu(image), 'd')),
    })
    const pass = mergeConvolutions('joined')
    const once = E.getOrElseW(() => expect.fail())(pass.run({ graph, parameters: new Map() }))
    expect(once.rewrites['join-outputs']).toBe(2)
    const twice = E.getOrElseW(() => expect.fail())(pass.run(once.program))
    expect(twice.program.graph).toEqual(once.program.graph)
  })
})
