import { describe, expect, it } from 'vitest'
import { builder, type Graph, type Node, type Output, specs, vectorType } from '../../ir/index.ts'

const nodeLaws = [
  'the op is one of the language',
  'operands are earlier nodes',
  'attributes decode, and there are no others',
  'a name is text',
]
const graphLaws = [
  'outputs are nodes of the graph',
  'outputs have names of their own',
  'inputs, and parameters, of one name have one type',
]

describe('what must hold', () => {
  it.each([
    ['branched', ['outputs have no variant axes left']],
    ['flat', []],
    ['stacked', ['outputs have no variant axes left', 'an op reads values that are stacked alike']],
  ] as const)('of %s graphs', (dialect, more) => {
    expect(specs[dialect].nodes.map(({ law }) => law)).toEqual([...nodeLaws, `the op belongs to ${dialect} graphs`])
    expect(specs[dialect].graph.map(({ law }) => law)).toEqual([...graphLaws, ...more])
  })

  it('is told by these tags where it does not', () => {
    expect(specs.flat.nodes.map(({ tag }) => tag)).toEqual([
      'unknown-op',
      'bad-graph',
      'bad-attributes',
      'bad-graph',
      'bad-dialect',
    ])
  })
})

it('a name is text, or there is none', () => {
  const [, , , rule] = specs.flat.nodes
  const broken = (name: unknown) => rule.broken({ tag: 'Dense', operands: [], attributes: {}, name }, 0)
  expect([broken('conv1'), broken(undefined)]).toEqual([[], []])
  expect(broken(7)).toEqual([{ seen: 'name 7', expected: 'text' }])
})

describe('an op of a dialect', () => {
  const belongs = (tag: unknown, dialect: keyof typeof specs): boolean =>
    specs[dialect].nodes.at(-1)?.broken({ tag, operands: [], attributes: {} }, 0).length === 0

  it('belongs to it, one of flat graphs to stacked ones too', () => {
    const dialects = ['branched', 'flat', 'stacked'] as const
    const of = (tag: unknown) => dialects.filter(dialect => belongs(tag, dialect))
    expect(of('Conv2d')).toEqual(dialects)
    expect(of('Branch')).toEqual(['branched'])
    expect(of('Reduce')).toEqual(['branched'])
    expect(of('Combine')).toEqual(['flat', 'stacked'])
    expect(of('Stack')).toEqual(['stacked'])
    // What is no op is told as that.
    expect(of('Relu')).toEqual(dialects)
  })
})

describe('attributes', () => {
  it('that an op does not have are told with those that it has', () => {
    const [, , rule] = specs.flat.nodes
    const broken = (tag: string, attributes: object) => rule.broken({ tag, operands: [], attributes }, 0)
    expect(broken('Softmax', { log: true, lag: 1 })).toEqual([
      { seen: 'attribute "lag"', expected: 'log', hint: 'log' },
    ])
    expect(broken('Slice', { axis: 0, begin: 0, size: 1, sise: 1 })[0].expected).toBe('axis, begin, size')
    expect(broken('Dense', { bias: 1 })[0].expected).toBe('no attributes')
    expect(broken('Relu', { bias: 1 })).toEqual([])
  })
})

describe('outputs', () => {
  const [existing, unique] = specs.flat.graph
  const nodes = builder('flat')
  const x = nodes.input('x', vectorType(1))
  const { nodes: all } = nodes.finish({ x })
  const output = (node: number, name = 'y'): Output => ({ name, node })

  it('are nodes of the graph', () => {
    const broken = (node: number): number => existing.broken(all, [output(node)]).length
    expect([-1, 0, 0.5, 1].map(broken)).toEqual([1, 0, 1, 1])
  })

  it('have names of their own', () => {
    expect(unique.broken(all, [output(0, 'a'), output(0, 'b'), output(0, 'a')])).toEqual([
      { at: 'a', seen: 'two outputs of this name', expected: 'one' },
    ])
  })
})

describe('stacks', () => {
  const aligned = specs.stacked.graph.at(-1)
  const b = builder('stacked')
  const [u, v, w] = ['u', 'v', 'w'].map(name => b.input(name, vectorType(2)))
  const pair = b.draft.add('Stack', [u, v], {})
  const three = b.draft.add('Stack', [pair, w], {})
  const bias = b.parameter('bias', [2])
  const whole = b.add(pair, bias)
  const scores = b.combine([pair, w], 'geo', [1, 1, 1])
  const graph: Graph = b.finish({ whole, three, scores })

  /** A sum of two nodes, whether or not they are stacked alike. */
  const sum = (left: number, right: number): Node => ({ ...graph.nodes[whole], operands: [left, right] }) as Node
  const broken = (...more: readonly (Node | undefined)[]) =>
    aligned?.broken([...graph.nodes, ...more], []).map(({ at, seen, expected }) => ({ at, seen, expected }))

  it('of one size are read together, beside parameters, and in any number by stacks and reductions', () => {
    expect(broken()).toEqual([])
    expect(broken(sum(pair, pair), sum(bias, three), sum(u, v))).toEqual([])
  })

  it('of two sizes, or one and a single value, are not', () => {
    const at = graph.nodes.length
    expect(broken(sum(pair, three))).toEqual([
      { at, seen: 'Vector[2] × stack[2] and Vector[2] × stack[3]', expected: 'stacks of one size, or none' },
    ])
    expect(broken(sum(u, pair))).toEqual([
      { at, seen: 'Vector[2] and Vector[2] × stack[2]', expected: 'stacks of one size, or none' },
    ])
    expect(broken(sum(bias, pair), sum(pair, u))).toMatchObject([{ at: at + 1 }])
  })

  it('are not asked for where a node or an operand broke another rule', () => {
    expect(broken(undefined, sum(pair, graph.nodes.length))).toEqual([])
  })
})
