import fc from 'fast-check'
import {
  type Builder,
  builder,
  type Environment,
  EspalierError,
  elements,
  type Graph,
  mapType,
  type NodeId,
  type Pair,
  reductions,
  sharedType,
  vectorType,
} from '../../../ir/index.ts'
import type { UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { unaryTrials } from '../../arbitrary/unary.ts'
import { fill } from './agree.ts'

/** A graph with what it is run on; all environments have the first one's parameters. */
export interface Case {
  readonly graph: Graph
  readonly environments: readonly Environment[]
}

/** Graphs of one or a few ops, inclined to what targets get wrong; none where what was drawn does not fit. */
export interface OpCases {
  readonly what: string
  readonly cases: fc.Arbitrary<readonly Case[]>
  readonly numRuns: number
}

const both = (values: fc.Arbitrary<number>): fc.Arbitrary<Pair> => fc.tuple(values, values)
const extent = fc.oneof(
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 5, arbitrary: fc.integer({ min: 2, max: 9 }) },
)
const window = fc.record({
  h: extent,
  w: extent,
  n: fc.integer({ min: 1, max: 3 }),
  size: both(fc.integer({ min: 1, max: 4 })),
  strides: both(fc.integer({ min: 1, max: 3 })),
  dilations: both(fc.constantFrom(1, 1, 2, 3)),
  padding: fc.tuple(both(fc.integer({ min: -2, max: 3 })), both(fc.integer({ min: -2, max: 3 }))),
})

/** A graph that one map goes through, or undefined where its types do not fit. */
const through = (h: number, w: number, c: number, build: (b: Builder, x: NodeId) => NodeId): Graph | undefined => {
  const b = builder()
  try {
    return b.finish({ y: build(b, b.input('x', mapType(h, w, c))) })
  } catch (error) {
    if (error instanceof EspalierError) return undefined
    throw error
  }
}

/** Constants that targets have forms of their own for. */
const quirks = [
  { fn: 'elu', alpha: 0.4, beta: 0 },
  { fn: 'leaky-relu', alpha: 0.2, beta: 0 },
  { fn: 'hard-sigmoid', alpha: 0.2, beta: 0.5 },
  { fn: 'clip', alpha: -0.3, beta: 0.4 },
  { fn: 'clip', alpha: 0.4, beta: -0.3 },
  { fn: 'affine', alpha: 1, beta: 0.5 },
] as const
const onPositive = unaryTrials.filter(({ after }) => after === 'sigmoid')
const onReals = [...unaryTrials.filter(({ after }) => after === 'anything'), ...quirks]

/** Collects a graph, run on filled values in a batch of n or on what is given; none is no graph. */
type Collect = (graph: Graph | undefined, on?: number | readonly Environment[]) => void

const collected = (make: (on: Collect) => void): readonly Case[] => {
  const cases: Case[] = []
  make((graph, on = 2) => {
    if (graph !== undefined) cases.push({ graph, environments: typeof on === 'number' ? [fill(graph, on)] : on })
  })
  return cases
}

const drawn = <A>(
  what: string,
  arbitrary: fc.Arbitrary<A>,
  make: (on: Collect, drawn: A) => void,
  numRuns = 150,
): OpCases => ({ what, cases: arbitrary.map(a => collected(on => make(on, a))), numRuns })

const given = (what: string, make: (on: Collect) => void): OpCases => ({
  what,
  cases: fc.constant(null).map(() => collected(make)),
  numRuns: 1,
})

export const opCases: readonly OpCases[] = [
  drawn(
    'convolutions of every grouping',
    fc.record({
      w: window,
      groups: fc.constantFrom(1, 1, 2, 3, 4),
      depth: fc.integer({ min: 1, max: 3 }),
      times: fc.integer({ min: 1, max: 2 }),
      bias: fc.boolean(),
      clamp: fc.constantFrom('relu', 'relu6', 'tanh', undefined),
    }),
    (on, { w: { h, w, n, size, ...options }, groups, depth, times, bias, clamp }) =>
      on(
        through(h, w, groups * depth, (b, x) => {
          const y = b.conv2d(x, b.parameter('filter', [...size, depth, groups * times]), { ...options, groups })
          const shifted = bias ? b.add(b.parameter('bias', [groups * times]), y) : y
          return clamp === undefined ? shifted : b.unary(clamp as UnaryFunction, shifted)
        }),
        n,
      ),
    400,
  ),

  given('functions of sums of convolutions, one with a bias', on => {
    for (const { fn, alpha, beta } of onReals)
      on(
        through(4, 4, 4, (b, x) => {
          const padding = [
            [0, 0],
            [0, 1],
          ] as const
          const stem = b.conv2d(x, b.parameter('stem', [1, 1, 4, 3]), { strides: 2 })
          const inner = b.relu(b.add(stem, b.parameter('before', [3])))
          const wide = b.conv2d(inner, b.parameter('wide', [1, 3, 3, 4]), { strides: 2, padding })
          const narrow = b.conv2d(stem, b.parameter('narrow', [1, 1, 3, 4]), { strides: 2 })
          const sum = b.add(narrow, b.add(wide, b.parameter('after', [4])))
          return b.globalPool(b.relu(b.unary(fn, sum, { alpha, beta })))
        }),
      )
  }),

  given('convolutions whose stride is wider than the map', on => {
    for (const groups of [1, 4])
      for (const [w, size, stride] of [
        [2, 2, 3],
        [4, 3, 2],
        [7, 4, 5],
      ] as const)
        on(
          through(w, w, 4, (b, x) =>
            b.conv2d(x, b.parameter('filter', [size, size, 4 / groups, 4]), { strides: stride, groups }),
          ),
        )
  }),

  drawn(
    'max pools',
    fc.tuple(window, fc.boolean()),
    (on, [{ h, w, n, size, ...options }, ceil]) =>
      on(
        through(h, w, 3, (b, x) => b.maxPool(x, size, { ...options, ceil })),
        n,
      ),
    300,
  ),

  drawn(
    'mean pools with either count',
    fc.tuple(window, fc.boolean(), fc.boolean()),
    (on, [{ h, w, n, size, ...options }, ceil, countPadding]) =>
      on(
        through(h, w, 3, (b, x) => b.meanPool(x, size, { ...options, ceil, countPadding })),
        n,
      ),
    400,
  ),

  drawn('SAME pools and convolutions', fc.tuple(window, fc.boolean()), (on, [{ h, w, n, size, strides }, max]) => {
    const options = { strides, padding: 'same' } as const
    on(
      through(h, w, 2, (b, x) =>
        b.conv2d(
          max ? b.maxPool(x, size, options) : b.meanPool(x, size, options),
          b.parameter('f', [...size, 2, 3]),
          options,
        ),
      ),
      n,
    )
  }),

  drawn(
    'pools after zeros around a map',
    fc.tuple(window, both(fc.integer({ min: 0, max: 3 })), fc.boolean()),
    (on, [{ h, w, n, size, strides }, [before, after], max]) => {
      const sides = [
        [before, after],
        [after, before],
      ] as const
      const pool = (b: Builder, x: NodeId): NodeId =>
        max ? b.maxPool(x, size, { strides }) : b.meanPool(x, size, { strides })
      on(
        through(h, w, 3, (b, x) => pool(b, b.pad(x, sides))),
        n,
      )
    },
  ),

  drawn(
    'global pools',
    fc.tuple(extent, extent, fc.constantFrom('mean', 'max')),
    (on, [h, w, reduction]) => on(through(h, w, 5, (b, x) => b.globalPool(x, reduction as 'mean' | 'max'))),
    20,
  ),

  drawn(
    'pads and crops',
    fc.tuple(window, both(fc.integer({ min: -2, max: 3 })), fc.constantFrom(0, -1.5)),
    (on, [{ h, w, n, padding }, channels, value]) =>
      on(
        through(h, w, 4, (b, x) => b.pad(x, padding, { channels, value })),
        n,
      ),
  ),

  given('acts on maps', on => {
    for (const element of elements)
      for (const [h, w] of [
        [1, 1],
        [1, 4],
        [3, 5],
        [4, 4],
      ] as const)
        on(through(h, w, 3, (b, x) => b.act(element, x)))
  }),

  drawn(
    'rotations, scales and shifts',
    fc.tuple(
      extent,
      extent,
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.double({ min: 0.3, max: 3, noNaN: true }),
      both(fc.integer({ min: -4, max: 4 })),
    ),
    (on, [h, w, degrees, factor, [dy, dx]]) => {
      on(through(h, w, 3, (b, x) => b.transform({ kind: 'rotate', degrees }, x)))
      on(through(h, w, 3, (b, x) => b.transform({ kind: 'scale', factor }, x)))
      on(through(h, w, 3, (b, x) => b.transform({ kind: 'shift', dy, dx }, x)))
    },
    40,
  ),

  drawn(
    'resizes',
    fc.tuple(
      extent,
      extent,
      both(fc.integer({ min: 1, max: 12 })),
      fc.constantFrom('linear', 'nearest'),
      fc.constantFrom('half-pixel', 'align-corners', 'asymmetric'),
    ),
    (on, [h, w, size, method, coordinates]) =>
      on(
        through(h, w, 3, (b, x) =>
          b.resize(x, size, { method: method as 'linear', coordinates: coordinates as 'half-pixel' }),
        ),
      ),
  ),

  given('pointwise functions', on => {
    for (const { fn, alpha, beta } of onReals)
      on(
        through(3, 4, 5, (b, x) =>
          b.unary(
            fn,
            b.multiply(x, b.add(b.unary('exp', b.parameter('p', [5])), b.unary('exp', b.parameter('q', [1])))),
            { alpha, beta },
          ),
        ),
      )
    for (const { fn, alpha, beta } of onPositive)
      on(through(3, 4, 5, (b, x) => b.unary(fn, b.unary('exp', x), { alpha, beta })))
    for (const fn of ['exp', 'square', 'step'] as const) on(through(3, 4, 5, (b, x) => b.unary(fn, x)))
  }),

  given('pairs of maps, vectors and shared tensors', on => {
    for (const fn of ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'] as const)
      for (const shape of [[5], [1], [], [4, 1], [3, 1, 5], [1, 4, 5]]) {
        on(through(3, 4, 5, (b, x) => b.binary(fn, x, b.unary('exp', b.parameter('p', shape)))))
        on(through(3, 4, 5, (b, x) => b.binary(fn, b.parameter('p', shape), b.unary('exp', x))))
        on(through(3, 4, 5, (b, x) => b.binary(fn, x, b.unary('exp', b.unflatten(b.globalPool(x))))))
        on(through(3, 4, 5, (b, x) => b.binary(fn, b.globalPool(x), b.unary('exp', b.parameter('p', [5])))))
      }
  }),

  given('batch norms of maps and vectors', on => {
    const normalized = (b: Builder, x: NodeId, c: number): NodeId =>
      b.batchNorm(
        x,
        [b.parameter('scale', [c]), b.parameter('offset', [c]), b.parameter('mean', [c]), b.parameter('variance', [c])],
        1e-3,
      )
    on(through(3, 4, 5, (b, x) => normalized(b, x, 5)))
    on(through(3, 4, 5, (b, x) => b.relu(normalized(b, x, 5))))
    on(through(3, 4, 5, (b, x) => normalized(b, b.globalPool(x), 5)))
  }),

  given('concats, slices, flattens, transpositions, dense', on => {
    for (const order of ['hwc', 'chw'] as const)
      on(through(3, 4, 5, (b, x) => b.dense(b.flatten(x, order), b.parameter('w', [60, 7]))))
    on(through(3, 4, 5, (b, x) => b.concat([x, b.slice(x, 1, 2), x])))
    on(through(3, 4, 5, (b, x) => b.slice(b.concat([b.globalPool(x), b.globalPool(x, 'max')]), 3, 4)))
    for (const permutation of [
      [0, 1, 2],
      [1, 0, 2],
      [2, 0, 1],
      [2, 1, 0],
    ])
      on(through(3, 4, 5, (b, x) => b.transpose(x, permutation)))
  }),

  given('softmax of large logits', on => {
    for (const log of [false, true])
      on(
        through(3, 4, 5, (b, x) =>
          b.softmax(b.multiply(b.flatten(x), b.unary('exp', b.unary('exp', b.unary('exp', b.parameter('p', [1]))))), {
            log,
          }),
        ),
      )
  }),

  given('attention over pixels and a token, of one head and of two', on => {
    for (const heads of [1, 2])
      on(
        through(3, 4, 4, (b, x) => {
          const token = b.unflatten(b.globalPool(x))
          const attributes = { heads, scale: 0.7 }
          const seen = b.draft.add(
            'Attention',
            [
              b.crop(x, [
                [1, 0],
                [0, 2],
              ]),
              x,
              b.concat([x, x]),
            ],
            attributes,
          )
          return b.draft.add('Attention', [seen, b.concat([x, x]), x, b.concat([token, token]), token], attributes)
        }),
      )
  }),

  given('attention in windows, of one head and of two, with as many channels of values and with more', on => {
    for (const [window, heads, partition] of [
      [[3, 2], 1, 'blocks'],
      [[1, 4], 2, 'blocks'],
      [[3, 4], 2, 'grid'],
      [[1, 1], 1, 'grid'],
      [[1, 2], 2, 'grid'],
    ] as const)
      on(
        through(3, 4, 4, (b, x) => {
          const bias = b.parameter('bias', [2 * window[0] - 1, 2 * window[1] - 1, heads])
          const turned = b.act('flip', x)
          return b.draft.add('WindowAttention', [x, turned, b.concat([x, turned]), bias], { scale: 0.7, partition })
        }),
      )
  }),

  given('attention in windows whose biases are computed', on => {
    on(
      through(4, 4, 2, (b, x) => {
        const bias = b.multiply(b.parameter('bias', [3, 3, 1]), b.parameter('factor', [1]))
        return b.draft.add('WindowAttention', [x, b.relu(x), x, bias], { scale: -1, partition: 'blocks' })
      }),
    )
  }),

  given('combinations of logits', on => {
    for (const reduction of reductions)
      for (const multiplicity of [[1], [1, 1], [3, 1, 2]]) {
        const b = builder()
        const logits = multiplicity.map((_, k) =>
          b.multiply(b.input(`v${k}`, vectorType(6)), b.parameter('large', [1])),
        )
        const graph = b.finish({ y: b.combine(logits, reduction, multiplicity) })
        const { inputs } = fill(graph, 3)
        for (const large of [1, 100, 1000])
          on(graph, [{ inputs, parameters: new Map([['large', { shape: [1], data: Float32Array.of(large) }]]) }])
      }
  }),

  given('shared tensors, constant or given at each call', on => {
    for (const fed of [false, true]) {
      const b = builder()
      const x = b.input('x', mapType(6, 6, 4))
      const shared = (name: string, shape: readonly number[]): NodeId =>
        fed ? b.input(name, sharedType(shape)) : b.parameter(name, shape)
      const filter = shared('filter', [3, 2, 2, 6])
      const acts = elements.map(element => b.act(element, filter, [0, 1]))
      const perChannel = b.reshape(b.slice(filter, 1, 4, 3), [3, 2, 1, 8])
      const joined = b.concat([b.transpose(filter, [1, 0, 2, 3]), b.act('rot90', filter)], 3)
      const statistics = [
        shared('scale', [4]),
        shared('offset', [4]),
        shared('mean', [4]),
        shared('variance', [4]),
      ] as const
      const graph = b.finish({
        ...Object.fromEntries(acts.map((node, k) => [`act${k}`, node])),
        grouped: b.conv2d(x, b.act('flip', filter), { groups: 2 }),
        perChannel: b.conv2d(x, b.act('rot180', perChannel), { groups: 4, strides: 2, dilations: [1, 2] }),
        joined: b.unary('exp', joined),
        normalized: b.relu(b.batchNorm(x, statistics, 1e-3)),
        image: x,
        again: x,
      })
      const filled = [fill(graph, 2), fill(graph, 3, 9)]
      on(graph, [filled[0], { ...filled[1], parameters: filled[0].parameters }])
    }
  }),
]
