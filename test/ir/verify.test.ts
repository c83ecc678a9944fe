import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { builder, type Graph, mapType, specs, verify } from '../../ir/index.ts'
import { anyGraph, longGraph } from './graphs.ts'

const branched = (): Graph => {
  const b = builder('branched')
  const x = b.input('image', mapType(4, 4, 2))
  const w = b.parameter('w', [3, 3, 2, 5])
  const y = b.branch(x, 'a', [
    { kind: 'd4', element: 'id' },
    { kind: 'd4', element: 'flip' },
  ])
  const logits = b.globalPool(b.conv2d(y, w, { name: 'conv' }))
  return b.finish({ logits: b.reduce(logits, 'max') })
}

const flat = (): Graph => {
  const b = builder('flat')
  const x = b.input('image', mapType(4, 4, 2))
  const w = b.parameter('w', [3, 3, 2, 5])
  const y = b.globalPool(b.relu(b.conv2d(x, w)))
  return b.finish({ logits: b.combine([y, y], 'max') })
}

/** The graph with one node changed in a way its type forbids. */
const broken = (graph: Graph, id: number, changes: Record<string, unknown>): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node, k) => (k === id ? ({ ...node, ...changes } as never) : node)),
})

const problemsOf = (graph: Graph): readonly string[] => {
  const result = verify(graph)
  return E.isRight(result) ? [] : result.left.map(p => `${p.tag} at ${p.where}: ${p.seen}`)
}

describe('verify', () => {
  test('passes graphs through', () => {
    const graph = flat()
    expect(verify(graph)).toEqual(E.right(graph))
    expect(E.isRight(verify(graph)) && (verify(graph) as E.Right<Graph>).right).toBe(graph)
    fc.assert(fc.property(anyGraph, generated => E.isRight(verify(generated))))
  })

  const conv = {
    strides: [1, 1],
    dilations: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  }
  test.each<[string, Graph, string]>([
    ['an unknown op', broken(flat(), 3, { tag: 'Relu' }), 'unknown-op at %3: op "Relu"'],
    ['an op from the prototype', broken(flat(), 3, { tag: 'valueOf' }), 'unknown-op at %3: op "valueOf"'],
    ['an operand of its own', broken(flat(), 3, { operands: [3] }), 'bad-graph at %3: operand %3'],
    ['a later operand', broken(flat(), 3, { operands: [4] }), 'bad-graph at %3: operand %4'],
    ['a negative operand', broken(flat(), 3, { operands: [-1] }), 'bad-graph at %3: operand %-1'],
    ['half an operand', broken(flat(), 3, { operands: [0.5] }), 'bad-graph at %3: operand %0.5'],
    ['no operands', broken(flat(), 3, { operands: undefined }), 'bad-graph at %3: operands: nothing'],
    ['too few operands', broken(flat(), 2, { operands: [0] }), 'type-mismatch at Conv2d %2: 1 operands'],
    ['too many operands', broken(flat(), 3, { operands: [2, 2] }), 'type-mismatch at Unary %3: 2 operands'],
    ['attributes missing', broken(flat(), 3, { attributes: null }), 'bad-attributes at %3: attributes: null'],
    [
      'an attribute of another kind',
      broken(flat(), 2, { attributes: { ...conv, groups: 0 } }),
      'bad-attributes at %2: groups = 0',
    ],
    [
      'an attribute too many',
      broken(flat(), 2, { attributes: { ...conv, bias: 1 } }),
      'bad-attributes at %2: attribute "bias"',
    ],
    [
      'operands that do not fit',
      broken(flat(), 2, { attributes: { ...conv, groups: 2 } }),
      'type-mismatch at Conv2d %2: a filter for 2 × 2 input channels',
    ],
    ['another type', broken(flat(), 2, { type: mapType(2, 2, 4) }), 'type-mismatch at Conv2d %2: Map[2,2,4]'],
    ['no type', broken(flat(), 2, { type: undefined }), 'type-mismatch at Conv2d %2: no type'],
    [
      'variants in a flat graph',
      broken(flat(), 2, { variants: [{ name: 'a', extent: 2 }] }),
      'type-mismatch at Conv2d %2: Map[2,2,5] × a[2]',
    ],
    ['variants lost', broken(branched(), 3, { variants: [] }), 'type-mismatch at Conv2d %3 (conv): Map[2,2,5]'],
    ['no variants', broken(branched(), 3, { variants: undefined }), 'type-mismatch at Conv2d %3 (conv): no type'],
    ['Branch in a flat graph', { ...branched(), dialect: 'flat' }, 'bad-dialect at %2: Branch in a flat graph'],
    [
      'Combine in a branched graph',
      { ...flat(), dialect: 'branched' },
      'bad-dialect at %5: Combine in a branched graph',
    ],
    ['a name that is no text', broken(flat(), 3, { name: 7 }), 'bad-graph at %3 (7): name 7'],
    ['an output nowhere', { ...flat(), outputs: [{ name: 'y', node: 6 }] }, 'bad-graph at output y: %6'],
    ['half an output', { ...flat(), outputs: [{ name: 'y', node: 0.5 }] }, 'bad-graph at output y: %0.5'],
    [
      'an output twice',
      {
        ...flat(),
        outputs: [
          { name: 'y', node: 4 },
          { name: 'y', node: 5 },
        ],
      },
      'bad-graph at output y: two outputs of this name',
    ],
    [
      'an output with variants',
      { ...branched(), outputs: [{ name: 'y', node: 4 }] },
      'bad-graph at output y: variants along a',
    ],
  ])('catches %s', (_, graph, problem) => {
    expect(problemsOf(graph)[0]).toBe(problem)
  })

  test('catches parameters, and inputs, of one name and two shapes', () => {
    const b = builder()
    const [p, q] = [b.parameter('w', [1]), b.parameter('w', [2])]
    const [x, y] = [b.input('w', mapType(1, 1, 1)), b.input('w', mapType(1, 1, 2))]
    b.parameter('w', [1])
    expect(problemsOf(b.finish({ p, q, x, y }))).toEqual([
      'bad-graph at %1 (w): Shared[2] for Parameter w',
      'bad-graph at %3 (w): Map[1,1,2] for Input w',
    ])
  })

  test('finds every problem, and none that only follows from another', () => {
    const twice = broken(broken(branched(), 1, { attributes: { name: '', shape: [3] } }), 2, {
      operands: [7],
      attributes: {},
    })
    expect(problemsOf(twice)).toEqual([
      'type-mismatch at Parameter %1 (w): an empty name',
      'bad-graph at %2: operand %7',
      'bad-attributes at %2: axis = nothing',
      'bad-attributes at %2: transforms = nothing',
    ])
  })

  test('both dialects share what is not theirs alone', () => {
    const laws = (dialect: 'flat' | 'branched') => [...specs[dialect].nodes, ...specs[dialect].graph].map(r => r.law)
    expect(laws('branched').filter(law => !laws('flat').includes(law))).toEqual([
      'the op belongs to branched graphs',
      'outputs have no variant axes left',
    ])
  })

  test('adds up what is wrong: a type stated wrongly beside a problem of another node', () => {
    const both = broken(broken(flat(), 2, { type: mapType(2, 2, 4) }), 3, { operands: [4] })
    expect(problemsOf(both)).toEqual(['bad-graph at %3: operand %4', 'type-mismatch at Conv2d %2: Map[2,2,4]'])
  })

  test('knows ops by their names alone', () => {
    expect(problemsOf(broken(flat(), 3, { tag: ['Unary'] }))[0]).toBe('unknown-op at %3: op a list of 1')
  })

  test('100,000 nodes take no more of the stack than one', () => {
    expect(E.isRight(verify(longGraph(100_000)))).toBe(true)
  })
})
