import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import {
  alignAxes,
  builder,
  type Element,
  type Environment,
  evaluate,
  type Graph,
  mapType,
  projected,
  sharedType,
  type Tensor,
  type Transform,
  tensor,
  vectorType,
} from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { integers, numbers } from './apply.ts'

const run = (graph: Graph, environment: Partial<Environment>): ReadonlyMap<string, Tensor> =>
  orThrow(evaluate(graph, { inputs: new Map(), parameters: new Map(), ...environment }))

const d4 = (element: Element): Transform => ({ kind: 'd4', element })
const image = integers(mapType(3, 3, 2), 1, 2).value
const filter = integers(sharedType([2, 2, 2, 3]), 2).value
const environment = { inputs: new Map([['image', image]]), parameters: new Map([['w', filter]]) }

describe('branched graphs', () => {
  test('two branches in a row multiply: every pair of transforms, in row-major order, then the reduction', () => {
    const first: readonly Transform[] = [d4('id'), d4('flip')]
    const second: readonly Transform[] = [d4('id'), { kind: 'shift', dy: 1, dx: 0 }, { kind: 'scale', factor: 1.5 }]
    const b = builder('branched')
    const w = b.parameter('w', [2, 2, 2, 3])
    const x = b.branch(b.input('image', mapType(3, 3, 2)), 'a', first)
    const y = b.branch(b.conv2d(x, w), 'b', second)
    const graph = b.finish({ logits: b.reduce(b.globalPool(b.relu(y), 'max'), 'sum') })
    expect(graph.nodes.at(-2)?.variants).toEqual([
      { name: 'a', extent: 2 },
      { name: 'b', extent: 3 },
    ])

    const f = builder('flat')
    const input = f.input('image', mapType(3, 3, 2))
    const fw = f.parameter('w', [2, 2, 2, 3])
    const variants = first.flatMap(g =>
      second.map(h => f.globalPool(f.relu(f.transform(h, f.conv2d(f.transform(g, input), fw))), 'max')),
    )
    const unrolled = f.finish({ logits: f.combine(variants, 'sum') })
    expect(run(graph, environment)).toEqual(run(unrolled, environment))
  })

  test('axes with one name align, an axis of one operand is broadcast to the other', () => {
    const b = builder('branched')
    const x = b.input('image', mapType(3, 3, 2))
    const byA = b.branch(x, 'a', [d4('id'), d4('flip')])
    const byB = b.branch(x, 'b', [d4('flipv'), d4('rot90'), d4('rot180')])
    const both = b.multiply(b.add(byB, byA), byA)
    const logits = b.globalPool(b.act('id', both), 'max')
    const graph = b.finish({ logits: b.reduce(b.add(logits, b.globalPool(x)), 'geo') })
    expect(graph.nodes[both].variants.map(axis => axis.name)).toEqual(['b', 'a'])

    const f = builder('flat')
    const fx = f.input('image', mapType(3, 3, 2))
    const variants = (['flipv', 'rot90', 'rot180'] as const).flatMap(h =>
      (['id', 'flip'] as const).map(g => {
        const [left, right] = [f.act(h, fx), f.act(g, fx)]
        return f.add(f.globalPool(f.multiply(f.add(left, right), right), 'max'), f.globalPool(fx))
      }),
    )
    const unrolled = f.finish({ logits: f.combine(variants, 'geo') })
    expect(run(graph, environment)).toEqual(run(unrolled, environment))
  })

  test('every kind of transform is the op of its name', () => {
    const transforms: readonly Transform[] = [
      d4('antitranspose'),
      { kind: 'shift', dy: -1, dx: 2 },
      { kind: 'rotate', degrees: 20 },
      { kind: 'scale', factor: 0.8 },
    ]
    for (const transform of transforms) {
      const b = builder('branched')
      const x = b.branch(b.input('image', mapType(3, 3, 2)), 'a', [transform])
      const f = builder('flat')
      const fx = f.transform(transform, f.input('image', mapType(3, 3, 2)))
      const branched = run(b.finish({ y: b.reduce(b.flatten(x), 'geo') }), environment)
      const flat = run(f.finish({ y: f.flatten(fx) }), environment)
      expect(numbers(branched.get('y') as Tensor)).toEqual(numbers(flat.get('y') as Tensor))
    }
  })

  test('axes of one name must have one extent', () => {
    const a2 = [{ name: 'a', extent: 2 }]
    expect(E.isLeft(alignAxes([a2, [{ name: 'a', extent: 3 }]]))).toBe(true)
    expect(alignAxes([a2, [], a2])).toEqual(E.right(a2))
    const b = builder('branched')
    const x = b.input('image', mapType(3, 3, 2))
    const two = b.branch(x, 'a', [d4('id'), d4('flip')])
    expect(() => b.add(two, b.branch(x, 'a', [d4('flip')]))).toThrow('one extent for an axis')
    expect(() => b.branch(two, 'a', [d4('id'), d4('flip')])).toThrow('a new axis')
  })

  test('projected finds the operand variant by the axes they share', () => {
    const [a, b, c] = [
      { name: 'a', extent: 2 },
      { name: 'b', extent: 3 },
      { name: 'c', extent: 2 },
    ]
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 2; k++) {
          const at = (i * 3 + j) * 2 + k
          expect(projected(at, [a, b, c], [c, a])).toBe(k * 2 + i)
          expect(projected(at, [a, b, c], [b])).toBe(j)
          expect(projected(at, [a, b, c], [])).toBe(0)
        }
  })
})

describe('what an evaluation needs', () => {
  const b = builder()
  const x = b.input('image', mapType(3, 3, 2))
  const rate = b.input('rate', sharedType([]))
  const scaled = b.multiply(x, rate)
  const graph = b.finish({ y: b.conv2d(scaled, b.parameter('w', [2, 2, 2, 3])) })
  const rateOf = (value: number) => tensor([], Float64Array.of(value))

  test('shared inputs have no batch', () => {
    const inputs = new Map([
      ['image', image],
      ['rate', rateOf(2)],
    ])
    const doubled = run(graph, { ...environment, inputs })
    const once = run(graph, { ...environment, inputs: new Map([...inputs, ['rate', rateOf(1)]]) })
    expect(numbers(doubled.get('y') as Tensor)).toEqual(numbers(once.get('y') as Tensor).map(v => 2 * v))
  })

  test('says what is missing or has another shape, all at once', () => {
    const result = evaluate(graph, {
      inputs: new Map([['rate', tensor([1], Float64Array.of(1))]]),
      parameters: new Map(),
    })
    expect(E.isLeft(result) && result.left.map(p => `${p.where}: ${p.seen}`)).toEqual([
      'Input image: no value',
      'Input rate: a value of shape [1]',
      'Parameter w: no value',
    ])
    const two = builder()
    const both = two.finish({ y: two.add(two.input('a', vectorType(1)), two.input('b', vectorType(1))) })
    const batches = new Map([
      ['a', tensor([1, 1], Float64Array.of(1))],
      ['b', tensor([2, 1], Float64Array.of(1, 2))],
    ])
    const mixed = evaluate(both, { inputs: batches, parameters: new Map() })
    expect(E.isLeft(mixed) && mixed.left.map(p => p.seen)).toEqual(['batches of 1 and 2'])
  })

  test('rounded outputs are float64 values rounded once, whether or not another node reads them', () => {
    const b = builder()
    const [w, s] = [b.parameter('w', [2, 3]), b.parameter('s', [3])]
    const scaled = b.multiply(w, s)
    const graph = b.finish({ w, scaled, twice: b.add(scaled, s), root: b.unary('sqrt', scaled) })
    const parameters = new Map([
      ['w', tensor([2, 3], Float64Array.of(0.1, 0.2, 0.3, 0.7, 1.1, 1e-3))],
      ['s', tensor([3], Float64Array.of(1 / 3, 0.7, 3.3))],
    ])
    const rounded = orThrow(evaluate(graph, { inputs: new Map(), parameters }, { rounded: true }))
    for (const [name, { shape, data }] of run(graph, { parameters }))
      expect(rounded.get(name)).toStrictEqual({ shape, data: new Float32Array(data) })
  })

  test('a finished graph does not grow with its builder', () => {
    const count = graph.nodes.length
    b.relu(scaled)
    expect(graph.nodes.length).toBe(count)
  })

  test('a crop is made of whole pads', () => {
    const cropped = builder()
    const y = cropped.crop(cropped.input('image', mapType(3, 3, 2)), [
      [1, 0],
      [0, 1],
    ])
    const attributes = cropped.draft.nodes[y].attributes as { readonly padding: unknown }
    expect(Object.is(JSON.stringify(attributes.padding), '[[-1,0],[0,-1]]')).toBe(true)
    expect(attributes.padding).toStrictEqual([
      [-1, 0],
      [0, -1],
    ])
  })
})

describe('stacked graphs', () => {
  const b = builder('stacked')
  const [x, y] = ['x', 'y'].map(name => b.input(name, vectorType(2)))
  const stack = b.draft.add('Stack', [x, b.draft.add('Stack', [y, x], {})], {})
  const scaled = b.multiply(stack, b.parameter('w', [2]))
  const second = b.draft.add('Unstack', [scaled], { index: 1, count: 3 })
  const total = b.draft.add('ReduceTo', [stack], { to: sharedType([2]), reduction: 'sum' })
  const graph = b.finish({ second, total, mean: b.combine([scaled], 'geo', [1, 2, 1]) })
  const values = run(graph, {
    inputs: new Map([
      ['x', tensor([1, 2], Float64Array.of(1, 2))],
      ['y', tensor([1, 2], Float64Array.of(10, 20))],
    ]),
    parameters: new Map([['w', tensor([2], Float64Array.of(3, 5))]]),
  })

  test('hold their values one after another, and a sum over the batch is one over all of them', () => {
    expect(values.get('second')).toEqual({ shape: [1, 2], data: Float64Array.of(30, 100) })
    expect(values.get('total')).toEqual({ shape: [2], data: Float64Array.of(12, 24) })
    // (3 + 2 · 30 + 3) / 4 and (10 + 2 · 100 + 10) / 4.
    expect(numbers(values.get('mean') as Tensor)).toEqual([16.5, 55])
  })

  test('of one value hold it', () => {
    const one = builder('stacked')
    const z = one.input('z', vectorType(1))
    const alone = one.finish({
      sum: one.draft.add('ReduceTo', [one.draft.add('Stack', [z], {})], { to: sharedType([]), reduction: 'sum' }),
    })
    const inputs = new Map([['z', tensor([2, 1], Float64Array.of(3, 4))]])
    expect(numbers(run(alone, { inputs }).get('sum') as Tensor)).toEqual([7])
  })
})

test('a missing input is one problem, a batch of another size another', () => {
  const b = builder()
  const graph = b.finish({
    y: b.add(b.input('a', vectorType(1)), b.add(b.input('b', vectorType(1)), b.input('c', vectorType(1)))),
  })
  const of = (batches: Readonly<Record<string, number>>) => {
    const inputs = new Map(Object.entries(batches).map(([name, n]) => [name, tensor([n, 1], new Float64Array(n))]))
    const result = evaluate(graph, { inputs, parameters: new Map() })
    return E.isLeft(result) ? result.left.map(({ tag, where, seen }) => `${tag} ${where}: ${seen}`) : []
  }
  expect(of({ a: 2, b: 2 })).toEqual(['missing-value Input c: no value'])
  expect(of({ a: 2, b: 2, c: 3 })).toEqual(['missing-value inputs: batches of 2 and 3'])
  expect(of({ a: 2, b: 2, c: 2 })).toEqual([])
})
