import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type AttributesOf, builder, type Graph, mapType, nodesWithTag, verify } from '../../ir/index.ts'
import type { Padding } from '../../ir/ops/window.ts'
import {
  act,
  allRules,
  any,
  type Computed,
  computed,
  each,
  foldBatchNorm,
  make,
  makeFrom,
  multiplyAdds,
  op,
  type Pattern,
  printLaw,
  type Rule,
  ref,
  rewrite,
  type Template,
} from '../../passes/index.ts'
import { withoutDeadNodes } from '../../passes/rewrite.ts'
import { same, written } from '../laws/same.ts'

const image = mapType(4, 4, 2)

/** A flipped convolution with a bias and a batch norm, which two nodes read: another batch norm is one of them. */
const normalizedTwice = (read: (b: ReturnType<typeof builder>, x: number) => number): Graph => {
  const b = builder()
  const statistics = (k: number) =>
    [`γ${k}`, `β${k}`, `μ${k}`, `σ²${k}`].map(name => b.parameter(name, [2])) as [number, number, number, number]
  const conv = b.conv2d(b.act('flip', b.input('image', image)), b.parameter('w', [3, 3, 2, 2]), { padding: 1 })
  const first = b.batchNorm(b.add(conv, b.parameter('b', [2])), statistics(1), 0.1)
  const second = b.batchNorm(first, statistics(2), 0.1)
  return b.finish({ y: read(b, first), z: second })
}

describe('rewriting', () => {
  it('never copies a convolution that another node reads, however the nodes between were moved', () => {
    const graph = normalizedTwice((b, x) => b.relu(x))
    const { graph: rewritten } = rewrite(graph, allRules)
    expect(multiplyAdds(rewritten)).toBe(multiplyAdds(graph))
    expect(E.isRight(verify(rewritten))).toBe(true)
  })

  it('does not count dead readers', () => {
    const b = builder()
    const conv = b.conv2d(b.input('image', image), b.parameter('w', [1, 1, 2, 2]))
    b.relu(conv)
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [2])) as [number, number, number, number]
    const { graph } = rewrite(b.finish({ y: b.batchNorm(conv, statistics, 0.1) }), allRules)
    expect(nodesWithTag(graph, 'BatchNorm')).toEqual([])
  })

  it('counts what an act that cancels leaves behind', () => {
    const b = builder()
    const conv = b.conv2d(b.input('image', image), b.parameter('w', [3, 3, 2, 2]))
    const back = b.act('flip', b.act('flip', conv))
    const statistics = ['γ', 'β', 'μ', 'σ²'].map(name => b.parameter(name, [2])) as [number, number, number, number]
    const graph = b.finish({ y: b.batchNorm(back, statistics, 0.1), z: b.relu(back) })
    expect(multiplyAdds(rewrite(graph, allRules).graph)).toBe(multiplyAdds(graph))
    const alone = b.finish({ y: graph.outputs[0].node })
    expect(nodesWithTag(rewrite(alone, allRules).graph, 'BatchNorm')).toEqual([])
  })

  it('folds a chain of batch norms into one convolution in one run', () => {
    const { program } = E.getOrElseW(() => {
      throw new Error('refused')
    })(foldBatchNorm.run({ graph: normalizedTwice((_, x) => x), parameters: new Map() }))
    expect(nodesWithTag(program.graph, 'Conv2d')).toHaveLength(1)
  })
})

/** A rule that makes one op of two. */
const rule = (name: string, lhs: Pattern, rhs: Template, when?: Computed<boolean>): Rule => ({
  name,
  precision: 'exact',
  mode: 'both',
  lhs,
  rhs,
  ...(when === undefined ? {} : { when }),
})

const begun = () => {
  const b = builder()
  return { b, x: b.input('x', image), y: b.input('y', image) }
}

const firings = (graph: Graph, ...rules: readonly Rule[]) => rewrite(graph, rules).rewrites
const tags = ({ nodes }: Graph): string => nodes.map(({ tag }) => tag).join(' ')

describe('a pattern', () => {
  const twice = rule('twice', op('Binary', 'f', any('x'), any('x')), ref('x'))

  it('whose name stands twice matches one node, not two', () => {
    const { b, x, y } = begun()
    expect(firings(b.finish({ z: b.add(x, x) }), twice)).toEqual({ twice: 1 })
    expect(firings(b.finish({ z: b.add(x, y) }), twice)).toEqual({})
  })

  it('with an op that stands twice matches equal attributes', () => {
    const same = rule('same', op('Binary', 'f', op('Pad', 'p', any('x')), op('Pad', 'p', any('y'))), ref('x'))
    const { b, x, y } = begun()
    const pad = (of: number, padding: Padding, value = 0) => b.pad(of, padding, { value })
    const sum = (left: number, right: number): Graph => b.finish({ z: b.add(left, right) })
    const even: Padding = [
      [1, 1],
      [0, 0],
    ]
    const uneven: Padding = [
      [1, 1],
      [1, -1],
    ]
    expect(
      firings(
        sum(
          pad(x, even),
          pad(y, [
            [1, 1],
            [0, 0],
          ]),
        ),
        same,
      ),
    ).toEqual({ same: 1 })
    expect(firings(sum(pad(x, even), pad(y, uneven)), same)).toEqual({})
    expect(firings(sum(pad(x, even), pad(y, even, 1)), same)).toEqual({})
  })

  it('compares attributes as data', () => {
    const same = rule('same', op('Binary', 'f', op('Unary', 'g', any('x')), op('Unary', 'g', any('y'))), ref('x'))
    const { b, x, y } = begun()
    const graph = b.finish({ z: b.add(b.relu(x), b.relu(y)) })
    const fires = (first: unknown, second: unknown): boolean => {
      const nodes = graph.nodes.map((node, id) =>
        id === 2 || id === 3
          ? ({
              ...node,
              attributes: { fn: 'relu', alpha: 0, beta: 0, ...{ extra: id === 2 ? first : second } },
            } as never)
          : node,
      )
      return firings({ ...graph, nodes }, same).same === 1
    }
    expect(fires([1, { a: 2 }], [1, { a: 2 }])).toBe(true)
    expect([fires([1], [2]), fires([1], [1, 2]), fires([1, 2], [1])]).toEqual([false, false, false])
    expect([fires({ a: 1 }, { b: 1 }), fires({ a: 1 }, { a: 1, b: undefined })]).toEqual([false, false])
    expect([fires(null, {}), fires({}, null), fires(null, null), fires(null, 0)]).toEqual([false, false, true, false])
    expect([fires('ab', ['a', 'b']), fires({}, 'a'), fires(1, '1'), fires({}, 1)]).toEqual([false, false, false, false])
  })

  it('of a type matches values of that type alone', () => {
    const maps = rule('maps', op('Binary', 'f', any('x', 'Map'), any('y')), ref('y'))
    const { b, x, y } = begun()
    expect(firings(b.finish({ z: b.add(x, y) }), maps)).toEqual({ maps: 1 })
    const w = b.parameter('w', [2])
    expect(firings(b.finish({ z: b.add(w, x) }), maps)).toEqual({})
  })

  it('matches as many operands as it names, or any number by one', () => {
    const { b, x, y } = begun()
    const pair = rule('pair', op('Concat', 'c', any('x'), any('y')), ref('y'))
    expect(firings(b.finish({ z: b.concat([x, y]) }), pair)).toEqual({ pair: 1 })
    expect(firings(b.finish({ z: b.concat([x, y, x]) }), pair)).toEqual({})
    expect(firings(b.finish({ z: b.concat([x]) }), pair)).toEqual({})
    const all = rule(
      'all',
      each('Concat', 'c', op('Unary', 'f', any('xs'))),
      make('Concat', same('Concat', 'c'), ref('xs')),
    )
    expect(firings(b.finish({ z: b.concat([b.relu(x), b.relu(y)]) }), all)).toEqual({ all: 1 })
    expect(firings(b.finish({ z: b.concat([b.relu(x), y]) }), all)).toEqual({})
    expect(firings(b.finish({ z: b.concat([b.relu(x), b.unary('tanh', y)]) }), all)).toEqual({})
  })

  it('binds a list in the order of the operands, repeated ones too', () => {
    const { b, x, y } = begun()
    const last = rule(
      'last',
      each('Concat', 'c', op('Unary', 'f', any('xs'))),
      makeFrom(
        'Concat',
        same('Concat', 'c'),
        computed('xs', m => m.nodes('xs').toReversed()),
      ),
    )
    const [one, other] = [b.relu(x), b.relu(y)]
    const { graph } = rewrite(b.finish({ z: b.concat([one, other, one]) }), [last])
    expect(graph.nodes.at(-1)?.operands.map(id => graph.nodes[id].name)).toEqual(['x', 'y', 'x'])
  })
})

describe('a rewrite', () => {
  const outer = rule(
    'undo',
    op('Unary', 'f', op('Unary', 'g', any('x'))),
    ref('x'),
    computed('both relu', m => m.attributes('Unary', 'f').fn === 'relu'),
  )

  it('is asked for with the rule, the op, and where it stood before', () => {
    const { b, x } = begun()
    b.relu(x, 'dead')
    const y = b.relu(b.unary('tanh', x, {}, 'inner'), 'outer')
    const asked: unknown[] = []
    const { graph, rewrites } = rewrite(b.finish({ y }), [outer], firing => {
      asked.push(firing)
      return false
    })
    expect(asked).toEqual([{ rewrite: 'undo', rule: outer, op: 'Unary', at: y, name: 'outer' }])
    expect([rewrites, tags(graph)]).toEqual([{}, 'Input Unary Unary'])
    const unnamed = b.finish({ y: b.relu(b.unary('tanh', x)) })
    rewrite(unnamed, [outer], ({ name }) => {
      expect(name).toBeUndefined()
      return true
    })
    // Refused at one place, done at another.
    const both = b.finish({ y: b.add(y, b.relu(b.unary('tanh', x), 'other')) })
    const second = rewrite(both, [outer], ({ name }) => name === 'other')
    expect(second.rewrites).toEqual({ undo: 1 })
  })

  it('falls to the first rule of a tag whose condition holds', () => {
    const { b, x } = begun()
    const never = rule(
      'never',
      op('Unary', 'f', op('Unary', 'g', any('x'))),
      ref('x'),
      computed('never', () => false),
    )
    expect(
      firings(b.finish({ y: b.relu(b.relu(x)) }), never, outer, rule('late', op('Unary', 'f', any('x')), ref('x'))),
    ).toEqual({ late: 2 })
    expect(firings(b.finish({ y: b.relu(b.relu(x)) }), never, outer)).toEqual({ undo: 1 })
  })

  it('gives what it makes the name of the op of that tag that it matched', () => {
    const { b, x } = begun()
    const swap = rule(
      'swap',
      op('Pad', 'p', op('Unary', 'f', any('x'))),
      make('Unary', same('Unary', 'f'), make('Pad', same('Pad', 'p'), ref('x'))),
    )
    const pads = [
      [1, 1],
      [0, 0],
    ] as const
    const { graph } = rewrite(b.finish({ y: b.pad(b.relu(x, 'activation'), pads, { name: 'border' }) }), [swap])
    expect(graph.nodes.map(({ tag, name }) => [tag, name])).toEqual([
      ['Input', 'x'],
      ['Pad', 'border'],
      ['Unary', 'activation'],
    ])
  })

  it('tells a rule how often a node is read, once it is read otherwise', () => {
    const alone = (name: string): Computed<boolean> => computed(`${name} is read once`, m => m.usedOnce(name))
    const join = rule(
      'join',
      op('Unary', 'f', op('Unary', 'g', any('x'))),
      make('Unary', same('Unary', 'g'), ref('x')),
      alone('g'),
    )
    const { b, x, y } = begun()
    expect(firings(b.finish({ z: b.relu(b.unary('tanh', x)) }), join)).toEqual({ join: 1 })
    const shared = b.unary('tanh', x)
    expect(firings(b.finish({ z: b.relu(shared), w: shared }), join)).toEqual({})
    expect(firings(b.finish({ z: b.relu(shared), w: b.add(shared, y) }), join)).toEqual({})
    // The sum that reads it too vanishes first: what is left behind does not count.
    const drop = rule('drop', op('Binary', 'f', any('x'), any('y')), ref('y'))
    const both = b.finish({ w: b.add(shared, y), z: b.relu(shared) })
    expect(firings(both, drop, join)).toEqual({ drop: 1, join: 1 })
    // Nor does what only that read.
    const deep = b.finish({ w: b.add(b.maxPool(shared, 1), y), z: b.relu(shared) })
    expect(firings(deep, drop, join)).toEqual({ drop: 1, join: 1 })
    // What a right side still reads counts.
    const keep = rule(
      'keep',
      op('Binary', 'f', any('x'), any('y')),
      make(
        'MaxPool',
        computed('', () => ({
          size: [1, 1],
          strides: [1, 1],
          dilations: [1, 1],
          padding: [
            [0, 0],
            [0, 0],
          ],
          ceil: false,
        })),
        ref('x'),
      ),
    )
    expect(firings(both, keep, join)).toEqual({ keep: 1 })
  })

  it('counts readers of what lies behind a node that it takes away, keeps, or gives back', () => {
    const join = rule(
      'join',
      op('Unary', 'f', op('Unary', 'g', any('x'))),
      make('Unary', same('Unary', 'g'), ref('x')),
      computed('g is read once', m => m.usedOnce('g')),
    )
    const is = (fn: string): Computed<boolean> => computed(`f is ${fn}`, m => m.attributes('Binary', 'f').fn === fn)
    const drop = rule('drop', op('Binary', 'f', any('x'), any('y')), ref('y'), is('multiply'))
    const pool = computed<AttributesOf<'MaxPool'>>('', () => ({
      size: [1, 1],
      strides: [1, 1],
      dilations: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      ceil: false,
    }))
    const { b, x, y } = begun()
    const t = b.unary('tanh', x)
    const pooled = b.maxPool(t, 1)
    const dropped = b.multiply(pooled, y)
    // Read by an output too, so t has two readers still.
    expect(firings(b.finish({ dropped, pooled, z: b.relu(t) }), drop, join)).toEqual({ drop: 1 })
    // What is given back is read by what comes next.
    expect(firings(b.finish({ given: b.multiply(y, pooled), z: b.relu(t) }), drop, join)).toEqual({ drop: 1 })
    // What is taken away and read again reads on.
    const again = rule('again', op('Binary', 'f', any('x'), any('y')), make('MaxPool', pool, ref('x')), is('add'))
    expect(firings(b.finish({ sum: b.add(pooled, y), z: b.relu(t) }), again, join)).toEqual({ again: 1 })
    // Also where a right side drops it on the way, and reads it after that.
    const nested = rule(
      'nested',
      op('Pad', 'p', op('Binary', 'f', any('x'), any('y'))),
      make(
        'Concat',
        computed('', () => ({ axis: 2 })),
        make(
          'Binary',
          computed('', () => ({ fn: 'multiply' })),
          ref('x'),
          ref('y'),
        ),
        ref('x'),
      ),
    )
    const padded = b.pad(b.add(pooled, y), [
      [0, 0],
      [0, 0],
    ])
    expect(firings(b.finish({ padded, z: b.relu(t) }), nested, drop, join)).toEqual({ nested: 1, drop: 1 })
  })

  it('of what has no name is asked for by the name of what it stands for', () => {
    const { b, x } = begun()
    const made = rule(
      'made',
      op('Pad', 'p', any('x')),
      make(
        'Unary',
        computed('', () => ({ fn: 'relu', alpha: 0, beta: 0 })),
        ref('x'),
      ),
    )
    const gone = rule('gone', op('Unary', 'f', any('x')), ref('x'))
    const names: unknown[] = []
    const pads = [
      [0, 0],
      [0, 0],
    ] as const
    rewrite(
      b.finish({ y: b.pad(x, pads, { name: 'border' }) }),
      [made, gone],
      ({ rewrite: by, name }) => names.push([by, name]) > 0,
    )
    expect(names).toEqual([
      ['made', 'border'],
      ['gone', 'border'],
    ])
  })

  it('starts from what is alive, and leaves nothing dead', () => {
    const { b, x } = begun()
    b.relu(b.relu(x))
    const y = b.unary('tanh', x)
    const { graph, rewrites } = rewrite(b.finish({ y }), [outer])
    expect([tags(graph), rewrites, graph.outputs]).toEqual(['Input Unary', {}, [{ name: 'y', node: 1 }]])
    const live = b.finish({ y: b.draft.nodes.length - 1 })
    expect(withoutDeadNodes(graph)).toBe(graph)
    expect(withoutDeadNodes(live)).not.toBe(live)
  })
})

describe('a law in words', () => {
  it('is its two sides and its condition', () => {
    const lhs = op('Conv2d', 'conv', op('Act', 'g', any('x')), any('w'))
    const rhs = make(
      'Act',
      written('g'),
      make(
        'Conv2d',
        written('conv′'),
        ref('x'),
        makeFrom(
          'Concat',
          written(''),
          computed('ws', () => []),
        ),
      ),
    )
    expect(printLaw(rule('law', lhs, rhs))).toBe('Conv2d(g·x, w; conv) = g·Conv2d(x, Concat(ws); conv′)')
    expect(
      printLaw(
        rule(
          'law',
          each('Concat', 'c', act('g', any('xs'))),
          ref('xs'),
          computed('so', () => true),
        ),
      ),
    ).toBe('Concat(g·xs, …; c) = xs  when so')
    expect(any('x')).toEqual({ kind: 'any', name: 'x' })
    expect(any('x', 'Map')).toStrictEqual({ kind: 'any', name: 'x', type: 'Map' })
    expect(op('Dense', 'd', any('x')).kind).toBe('op')
    expect(each('Concat', 'c', any('x')).kind).toBe('op')
    expect(
      makeFrom(
        'Concat',
        written(''),
        computed('', () => []),
      ).kind,
    ).toBe('op')
    expect([make('Dense', written('')).kind, ref('x').kind]).toEqual(['op', 'ref'])
  })
})
