import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { decodeGraph, encodeGraph, type Graph, GraphCodec, renderProblems } from '../../ir/index.ts'
import { anyGraph, hostile, longGraph } from './graphs.ts'

const json = (graph: Graph): unknown => JSON.parse(JSON.stringify(encodeGraph(graph)))

const minimal = (changes: Record<string, unknown> = {}, node: Record<string, unknown> = {}): unknown => ({
  format: 'espalier-graph',
  version: 1,
  dialect: 'flat',
  nodes: [
    { op: 'Input', operands: [], attributes: { name: 'x', type: { kind: 'Map', h: 2, w: 2, c: 1 } } },
    { op: 'Unary', operands: [0], attributes: { fn: 'relu', alpha: 0, beta: 0 }, ...node },
  ],
  outputs: [{ name: 'y', node: 1 }],
  ...changes,
})

const problemsOf = (u: unknown) => {
  const graph = decodeGraph(u)
  if (E.isRight(graph)) throw new Error('decoded')
  return graph.left
}

describe('the JSON codec', () => {
  test('decode(encode(graph)) = graph, through JSON text', () => {
    fc.assert(
      fc.property(anyGraph, graph => {
        expect(decodeGraph(json(graph))).toStrictEqual(E.right(graph))
        expect(GraphCodec.decode(GraphCodec.encode(graph))).toStrictEqual(E.right(graph))
        expect(GraphCodec.is(graph)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    [null, 'the graph'],
    [minimal({ version: 2 }), 'version'],
    [minimal({ format: 'onnx' }), 'format'],
    [minimal({ dialect: 'round' }), 'dialect'],
    [minimal({ nodes: {} }), 'nodes'],
    [minimal({ outputs: [{ name: 'y', node: '1' }] }), 'outputs[0].node'],
    [minimal({}, { operands: [0.5] }), 'nodes[1].operands[0]'],
    [minimal({}, { attributes: [] }), 'nodes[1].attributes'],
    [minimal({}, { name: 7 }), 'nodes[1].name'],
    [minimal({}, { op: 'Relu' }), 'nodes[1]'],
    [minimal({}, { op: 'toString' }), 'nodes[1]'],
    [minimal({}, { operands: [1] }), 'nodes[1]'],
    [minimal({}, { operands: [0, 0] }), 'nodes[1]'],
    [minimal({ outputs: [{ name: 'y', node: 2 }] }), 'output y'],
  ])('refuses %j by its path', (u, where) => {
    expect(problemsOf(u).map(p => p.where)[0]).toContain(where)
    expect(E.isLeft(GraphCodec.decode(u))).toBe(true)
  })

  test('names a node where it has a name, and the graph where all of it is wrong', () => {
    const where = (u: unknown) => problemsOf(u).map(p => [p.tag, p.where])
    expect(where(null)).toEqual([['bad-syntax', 'the graph']])
    expect(where(minimal({}, { op: 'Relu' }))).toEqual([['unknown-op', 'nodes[1]']])
    expect(where(minimal({}, { op: 'Relu', name: 'r' }))).toEqual([['unknown-op', 'nodes[1] (r)']])
    expect(where(minimal({}, { operands: [1], name: 'r' }))[0][1]).toBe('nodes[1] (r)')
  })

  test('keeps names, and no name', () => {
    const named = decodeGraph(minimal({}, { name: 'r' }))
    const nodes = E.isRight(named) ? encodeGraph(named.right).nodes : []
    expect(nodes.map(node => Object.keys(node))).toEqual([
      ['op', 'operands', 'attributes'],
      ['op', 'operands', 'attributes', 'name'],
    ])
  })

  test('takes nothing but a graph for one', () => {
    const decoded = decodeGraph(minimal())
    const graph = E.isRight(decoded) ? decoded.right : null
    expect(GraphCodec.name).toBe('Graph')
    expect(GraphCodec.is(graph)).toBe(true)
    for (const other of [
      null,
      {},
      minimal(),
      { ...graph, nodes: [7] },
      { ...graph, outputs: [{ name: 'y', node: 9 }] },
    ])
      expect(GraphCodec.is(other)).toBe(false)
    expect(GraphCodec.is({ ...graph, outputs: [{ name: 7, node: 0 }] })).toBe(false)
    expect(GraphCodec.is({ ...graph, outputs: null })).toBe(false)
  })

  test('names the attribute by its path', () => {
    const pads = [
      [0, 0],
      [0, 0.5],
    ]
    const pool = { size: [1, 1], strides: [0, 1], dilations: [1, 1], padding: pads, ceil: 'no', sealed: true }
    expect(problemsOf(minimal({}, { op: 'MaxPool', attributes: pool })).map(p => `${p.seen}; ${p.expected}`)).toEqual([
      'strides[0] = 0; a positive whole number of 31 bits',
      'padding[1][1] = 0.5; a whole number of 31 bits and a sign',
      'ceil = "no"; boolean',
    ])
    expect(problemsOf(minimal({}, { attributes: { fn: 'relu', alpha: 0, beta: 0, bta: 1 } }))[0]).toMatchObject({
      seen: 'attribute "bta"',
      hint: 'beta',
    })
  })

  test('refuses tensors that overflow', () => {
    const input = (type: unknown) =>
      minimal({ nodes: [{ op: 'Input', operands: [], attributes: { name: 'x', type } }], outputs: [] })
    for (const type of [
      { kind: 'Map', h: 1e9, w: 1, c: 1 },
      { kind: 'Map', h: 2 ** 16, w: 2 ** 15, c: 1 },
      { kind: 'Vector', c: 2 ** 31 },
      { kind: 'Shared', shape: [2 ** 16, 2 ** 16] },
      { kind: 'Shared', shape: new Array(9).fill(1) },
    ])
      expect(E.isLeft(decodeGraph(input(type)))).toBe(true)
    expect(E.isRight(decodeGraph(input({ kind: 'Shared', shape: [2 ** 15, 2 ** 15] })))).toBe(true)
  })

  test('a chain of branches does not grow without bound', () => {
    const branch = (axis: number, n: number) => ({
      op: 'Branch',
      operands: [axis],
      attributes: { axis: `a${axis}`, transforms: new Array(n).fill({ kind: 'd4', element: 'id' }) },
    })
    const chain = (length: number, n: number) => ({
      ...(minimal() as object),
      dialect: 'branched',
      nodes: [
        { op: 'Input', operands: [], attributes: { name: 'x', type: { kind: 'Map', h: 2, w: 2, c: 1 } } },
        ...Array.from({ length }, (_, k) => branch(k, n)),
      ],
      outputs: [],
    })
    expect(E.isRight(decodeGraph(chain(20, 2)))).toBe(true)
    expect(problemsOf(chain(21, 2))).toHaveLength(1)
    expect(problemsOf(chain(5000, 1))).toHaveLength(1)
  })

  test('prototype keys and deep nesting are only data', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(renderProblems(problemsOf(deep)).length).toBeLessThan(500)
    expect(problemsOf(minimal({}, { attributes: { fn: deep, alpha: 0, beta: 0 } }))).toHaveLength(1)
    const own = JSON.parse('{"__proto__": {"fn": "relu"}, "alpha": 0, "beta": 0}')
    expect(problemsOf(minimal({}, { attributes: own }))[0].seen).toContain('fn')
    const proto = JSON.parse('{"fn": "relu", "__proto__": 1, "alpha": 0, "beta": 0}')
    expect(problemsOf(minimal({}, { attributes: proto }))[0].seen).toBe('attribute "__proto__"')
    expect(problemsOf(minimal({}, { attributes: { fn: 'toString', alpha: 0, beta: 0 } }))).toHaveLength(1)
  })

  test('never throws on damaged JSON', () => {
    const path = fc.array(fc.nat(), { minLength: 1, maxLength: 6 })
    const damage = (u: unknown, [at, ...rest]: readonly number[], by: unknown): unknown => {
      if (at === undefined || typeof u !== 'object' || u === null) return by
      const keys = Object.keys(u)
      const key = keys[at % Math.max(1, keys.length)]
      if (Array.isArray(u)) return u.map((item, k) => (String(k) === key ? damage(item, rest, by) : item))
      return { ...u, ...(key === undefined ? {} : { [key]: damage((u as never)[key], rest, by) }) }
    }
    let refused = 0
    fc.assert(
      fc.property(anyGraph, path, fc.oneof(fc.constantFrom(...hostile), fc.jsonValue()), (graph, at, by) => {
        const decoded = decodeGraph(damage(json(graph), at, by))
        if (E.isLeft(decoded)) refused++
        else expect(GraphCodec.is(decoded.right)).toBe(true)
      }),
      { numRuns: 600 },
    )
    expect(refused).toBeGreaterThan(200)
    fc.assert(fc.property(fc.anything(), u => E.isLeft(decodeGraph(u))))
  })

  test('100,000 nodes take no more of the stack than one', () => {
    expect(E.isRight(decodeGraph(json(longGraph(100_000))))).toBe(true)
  })
})
