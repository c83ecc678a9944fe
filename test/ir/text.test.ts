import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { builder, type Graph, mapType, parse, print, renderProblems } from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { anyGraph, longGraph } from './graphs.ts'

const parsed = (text: string): Graph => orThrow(parse(text))

const problemsOf = (text: string) => {
  const graph = parse(text)
  if (E.isRight(graph)) throw new Error('parsed')
  return graph.left
}

const small = `branched graph {
  %0 = Input() {name: "image", type: Map[4,4,3]} : Map[4,4,3]  "image"
  %1 = Parameter() {name: "conv.weight", shape: [3, 3, 3, 8]} : Shared[3,3,3,8]
  %2 = Branch(%0) {axis: "a", transforms: [id, flip, shift(0,-1), rotate(15), scale(1.1)]} : Map[4,4,3] × a[5]
  %3 = Conv2d(%2, %1) {strides: [1, 1], dilations: [1, 1], padding: [[1, 1], [1, 1]], groups: 1} : Map[4,4,8] × a[5]  "conv"
  %4 = GlobalPool(%3) {reduction: mean} : Vector[8] × a[5]
  %5 = Reduce(%4) {reduction: geo} : Vector[8]
  return logits = %5
}
`

describe('the text form', () => {
  test('reads as written', () => {
    const b = builder('branched')
    const x = b.input('image', mapType(4, 4, 3))
    const w = b.parameter('conv.weight', [3, 3, 3, 8])
    const branched = b.branch(x, 'a', [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
      { kind: 'shift', dy: 0, dx: -1 },
      { kind: 'rotate', degrees: 15 },
      { kind: 'scale', factor: 1.1 },
    ])
    const y = b.globalPool(b.conv2d(branched, w, { padding: 1, name: 'conv' }))
    const text = print(b.finish({ logits: b.reduce(y, 'geo') }))
    expect(text).toBe(small.replace('Shared[3,3,3,8]\n', 'Shared[3,3,3,8]  "conv.weight"\n'))
  })

  test('print(parse(text)) = text, parse(print(graph)) = graph', () => {
    expect(print(parsed(small))).toBe(small)
    let branches = 0
    fc.assert(
      fc.property(anyGraph, graph => {
        branches += graph.nodes.some(node => node.variants.length > 0) ? 1 : 0
        expect(parsed(print(graph))).toStrictEqual(graph)
      }),
      { numRuns: 400 },
    )
    expect(branches).toBeGreaterThan(40)
  })

  test('keeps names of any characters, each node on one line', () => {
    const name = 'a "quoted"\\ name\nim\u2028age \ufeff\x1b[2J\ud800%0 = }'
    const b = builder('branched')
    const x = b.branch(b.input(name, mapType(2, 2, 1)), name, [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
    ])
    const graph = b.finish({ [name]: b.reduce(b.globalPool(b.relu(x, name)), 'max') })
    const text = print(graph)
    expect(text.split(/\r\n|[\n\r\u2028\u2029\x85\v\f]/)).toHaveLength(9)
    expect(parsed(text)).toStrictEqual(graph)
    expect(parsed(text.replaceAll('\n', '\r\n'))).toStrictEqual(graph)
  })

  test('types may be left out', () => {
    expect(parsed(small.replaceAll(/ : (Map|Vector|Shared)\[[\d,]*\]( × a\[5\])?/g, ''))).toEqual(parsed(small))
  })

  test('says where each problem is, all at once, with the line and the nearest names', () => {
    const text = small
      .replace('GlobalPool', 'GlobalPol')
      .replace('padding', 'pading')
      .replace('rotate(15)', 'rotat(15)')
    const problems = problemsOf(text)
    expect(problems.map(p => [p.tag, p.where.split(',').slice(0, 2).join(), p.hint])).toEqual([
      ['bad-syntax', 'line 4, column 67', 'rotate, rot90'],
      ['bad-attributes', 'line 5, column 8', undefined],
      ['unknown-op', 'line 6, column 8', 'GlobalPool'],
    ])
    expect(problems[2].where).toContain('“%4 = GlobalPol(%3)')
    expect(renderProblems(problems)).toContain('saw op "GlobalPol"; expected an op of the language.')
  })

  test.each([
    ['', 'bad-syntax', 'line 1, column 1'],
    ['flat graph {', 'bad-syntax', 'line 1, column 13'],
    ['flat grph {\n  return\n}', 'bad-syntax', 'line 1, column 6'],
    ['flat graph {\n  return\n}\nmore', 'bad-syntax', 'line 4, column 1'],
    ['flat graph {\n  %1 = Softmax() {log: true}\n  return\n}', 'bad-syntax', 'line 2, column 3'],
    ['flat graph {\n  return x = %0\n}', 'bad-graph', 'output x, line 2'],
    ['flat graph {\n  %0 = Input() {name: "x, type: Map[1,1,1]}\n  return\n}', 'bad-syntax', 'line 2, column 23'],
    ['flat graph {\n  %0 = Input() {name: "x", name: "y"}\n  return\n}', 'bad-syntax', 'line 2, column 28'],
    ['flat graph {\n  %0 = Input() {name: "x", type: Map[1,1]}\n  return\n}', 'bad-syntax', 'line 2, column 34'],
    ['flat graph {\n  %0 = Input() {name: "x", type: Map[0,1,1]}\n  return\n}', 'bad-attributes', 'line 2, column 8'],
    ['flat graph {\n  %0 = Input() {name: "x", type: Map[1,1,1]} : Map[1,1,2]\n  return\n}', 'type-mismatch', 'line 2'],
    ['flat graph {\n  %0 = Unary(%0) {fn: relu, alpha: 0, beta: 0}\n  return\n}', 'bad-graph', 'line 2, column 8'],
    ['flat graph {\n  %0 = Branch() {axis: "a", transforms: [id]}\n  return\n}', 'bad-dialect', 'line 2, column 8'],
    ['flat graph {\n  %0 = constructor() {}\n  return\n}', 'unknown-op', 'line 2, column 8'],
    [`flat graph {\n  %0 = Input() {name: ${'['.repeat(100_000)}\n  return\n}`, 'bad-syntax', 'line 2'],
  ])('refuses %j', (text, tag, where) => {
    const problems = problemsOf(text)
    expect(problems[0].tag).toBe(tag)
    expect(problems[0].where).toContain(where)
    expect(renderProblems(problems).length).toBeLessThan(2000)
  })

  test('never throws on damaged text', () => {
    const cut = fc.record({
      at: fc.nat(),
      length: fc.nat(6),
      insert: fc.oneof(fc.string(), fc.constantFrom(...'%={}[]()":,×\\\n-9')),
    })
    const outcomes = { read: 0, refused: 0 }
    fc.assert(
      fc.property(anyGraph.map(print), fc.array(cut, { minLength: 1, maxLength: 4 }), (text, cuts) => {
        const damaged = cuts.reduce((s, { at, length, insert }) => {
          const from = at % (s.length + 1)
          return s.slice(0, from) + insert + s.slice(from + length)
        }, text)
        const graph = parse(damaged)
        outcomes[E.isRight(graph) ? 'read' : 'refused']++
        if (E.isRight(graph)) expect(parsed(print(graph.right))).toStrictEqual(graph.right)
        else expect(graph.left.length).toBeGreaterThan(0)
      }),
      { numRuns: 600 },
    )
    expect(outcomes.refused).toBeGreaterThan(200)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => E.isLeft(parse(text))))
  })

  test('a zero keeps its sign, and a stated shared type its shape', () => {
    const b = builder()
    const x = b.unary('affine', b.parameter('w', [3, 3, 3]), { alpha: -0, beta: 0 })
    const text = print(b.finish({ x }))
    expect(text).toContain('alpha: -0, beta: 0} : Shared[3,3,3]')
    expect(parsed(text)).toStrictEqual(b.finish({ x }))
  })

  test('100,000 nodes take no more of the stack than one', () => {
    const graph = longGraph(100_000)
    expect(parsed(print(graph)).nodes.length).toBe(graph.nodes.length)
  })
})
