import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, evaluate, type Graph, mapType, type NodeId, type Tensor } from '../../../ir/index.ts'
import type { UnaryFunction } from '../../../ir/ops/pointwise.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import type { ExecutorName } from '../../../src/execute/execution.ts'
import { openExecutor } from '../../../src/execute/executor.ts'
import { keepingNaN } from '../../../src/execute/keep-nan.ts'
import { createNetwork, createZooNetwork, parsePlan } from '../../../src/index.ts'
import type { BackendName } from '../../../src/runtime/backend-names.ts'
import { expectOutputs, fill } from '../lower/agree.ts'

/** What becomes of numbers that are none, and of infinities, on every runtime: what the evaluator says. */

type Build = (b: Builder, x: NodeId) => NodeId

const functions: readonly (readonly [UnaryFunction, number?, number?])[] = [
  ...(
    ['relu', 'relu6', 'sigmoid', 'hard-sigmoid', 'swish', 'hard-swish', 'tanh', 'softplus', 'erf', 'exp'] as const
  ).map(fn => [fn, 0.2, 0.5] as const),
  ...(['log', 'sqrt', 'reciprocal', 'square', 'abs', 'negate', 'step'] as const).map(fn => [fn] as const),
  ['leaky-relu', 0.2],
  ['elu', 1],
  ['elu', 0.4],
  ['clip', -0.3, 0.4],
  ['clip', 0.4, -0.3],
  ['affine', -2, 0.5],
]
const pairs = ['add', 'subtract', 'multiply', 'divide', 'maximum', 'minimum'] as const

const pointwise: readonly (readonly [string, Build])[] = [
  ...functions.map(
    ([fn, alpha = 0, beta = 0]) => [fn, (b: Builder, x: NodeId) => b.unary(fn, x, { alpha, beta })] as const,
  ),
  ...pairs.flatMap(fn => [
    [`${fn} with its mirror image`, (b: Builder, x: NodeId) => b.binary(fn, x, b.act('flip', x))] as const,
    [`${fn} to a parameter`, (b: Builder, x: NodeId) => b.binary(fn, b.parameter('p', [7]), x)] as const,
    [`${fn} of a parameter`, (b: Builder, x: NodeId) => b.binary(fn, x, b.parameter('p', [7]))] as const,
  ]),
]

/** Infinities beside numbers that are none: functions of each number alone. */
const odd = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, -1, 1, 7, Number.NaN, 3, 2, -2]

const windows: readonly (readonly [string, Build])[] = [
  ['max pools', (b, x) => b.maxPool(x, 2, { strides: 1 })],
  [
    'padded max pools',
    (b, x) =>
      b.maxPool(x, 3, {
        strides: 2,
        padding: [
          [1, 1],
          [1, 1],
        ],
      }),
  ],
  ['dilated max pools', (b, x) => b.maxPool(x, 2, { dilations: 2 })],
  ['mean pools', (b, x) => b.meanPool(x, 2, { strides: 1 })],
  ['global maxima', (b, x) => b.globalPool(x, 'max')],
  ['global means', (b, x) => b.globalPool(x)],
  ['softmax', (b, x) => b.softmax(b.globalPool(x))],
  ['attention of one head', (b, x) => b.draft.add('Attention', [x, x, x], { heads: 1, scale: 1 })],
  ['attention of seven heads', (b, x) => b.draft.add('Attention', [x, x, x], { heads: 7, scale: 1 })],
  [
    'attention in windows',
    (b, x) =>
      b.draft.add('WindowAttention', [x, x, x, b.parameter('bias', [3, 9, 7])], { scale: 1, partition: 'blocks' }),
  ],
  [
    'attention in a grid',
    (b, x) =>
      b.draft.add('WindowAttention', [x, x, x, b.parameter('bias', [3, 1, 1])], { scale: 1, partition: 'grid' }),
  ],
  [
    'a clamped convolution',
    (b, x) => b.relu(b.add(b.conv2d(x, b.parameter('f', [3, 3, 7, 8])), b.parameter('b', [8]))),
  ],
  [
    'a clamped depthwise convolution',
    (b, x) => b.unary('relu6', b.conv2d(x, b.parameter('f', [3, 3, 1, 7]), { groups: 7 })),
  ],
  [
    'a clamped normalization',
    (b, x) =>
      b.relu(
        b.batchNorm(
          x,
          [b.parameter('s', [7]), b.parameter('o', [7]), b.parameter('m', [7]), b.parameter('variance', [7])],
          1e-3,
        ),
      ),
  ],
  ['a clamped product', (b, x) => b.relu(b.dense(b.flatten(x), b.parameter('f', [140, 8])))],
]

/** The graph on ones that are first multiplied by what is none in some places. */
const executedOf = (build: Build, numbers: (k: number) => number) => {
  const b = builder()
  const graph = b.finish({ y: build(b, b.multiply(b.input('x', mapType(4, 5, 7)), b.parameter('odd', [4, 5, 7]))) })
  const parameters = new Map(fill(graph, 1).parameters)
  parameters.set('odd', { shape: [4, 5, 7], data: Float32Array.from({ length: 140 }, (_, k) => numbers(k)) })
  return { graph, parameters }
}

const ones: Tensor = { shape: [2, 4, 5, 7], data: new Float32Array(280).fill(1) }

const wanted = ({ graph, parameters }: { graph: Graph; parameters: ReadonlyMap<string, Tensor> }): Tensor =>
  orThrow(evaluate(graph, { inputs: new Map([['x', ones]]), parameters })).get('y') as Tensor

const runs: readonly (readonly [ExecutorName, BackendName | 'auto'])[] = [
  ['eager', 'wasm'],
  ['eager', 'cpu'],
  ['eager', 'node-gpu'],
  ['graph', 'auto'],
  ['onnx', 'auto'],
  ['openvino', 'auto'],
]

describe.each(runs)('%s on %s', (executor, backend) => {
  const all = [
    ...pointwise.map(([name, build]) => [name, build, (k: number) => odd[k % odd.length]] as const),
    ...windows.map(([name, build]) => [name, build, (k: number) => (k % 37 === 5 ? Number.NaN : Math.sin(k))] as const),
  ]
  it('agrees with the evaluator on what comes of NaN and infinities', async context => {
    const apart: string[] = []
    for (const [name, build, numbers] of all) {
      const executed = executedOf(build, numbers)
      const opened = await openExecutor(executor, executed, { backend, precision: 'float32', debug: false })
      if (E.isLeft(opened)) return context.skip(`${opened.left[0].seen}: ${opened.left[0].hint}`)
      const { data } = (await opened.right.run({ x: ones.data as Float32Array })).y
      wanted(executed).data.forEach((value, k) => {
        const same = Number.isFinite(value) ? Math.abs(data[k] - value) < 1e-3 : Object.is(data[k], value)
        if (!same) apart.push(`${name}: ${data[k]}, not ${value}`)
      })
      opened.right.dispose()
    }
    expect([...new Set(apart)]).toEqual([])
  })
})

describe('a graph in which no NaN can arise', () => {
  it('is run as it is', () => {
    const compiled = orThrow(compileNetwork(createZooNetwork('cifar-resnet-8'), parsePlan('flip-1-max')))
    expect(keepingNaN(compiled)).toBe(compiled)
  })
})

describe('a network whose scores pass through a root, under a plan that branches', () => {
  const b = builder()
  const stem = b.relu(b.conv2d(b.input('x', mapType(4, 4, 2)), b.parameter('stem', [1, 2, 2, 3])))
  const map = b.conv2d(stem, b.parameter('w', [2, 2, 3, 3]))
  const sums = b.unary('sqrt', b.globalPool(b.unary('square', map)))
  const graph = b.finish({ logits: b.dense(sums, b.parameter('v', [3, 3])) })
  const environment = fill(graph, 3)
  const network = createNetwork('rooted', graph, environment.parameters)

  it.each(['flip-1-geo', 'flip-1-max', 'vanilla-tta-sum', 'd4@0:geo'])(
    'answers every image of a batch: %s',
    async name => {
      const compiled = orThrow(compileNetwork(network, parsePlan(name)))
      expect(keepingNaN(compiled)).not.toBe(compiled)
      const opened = orThrow(
        await openExecutor('eager', compiled, { backend: 'cpu', precision: 'float32', debug: false }),
      )
      const image = environment.inputs.get('x') as Tensor
      const seen = await opened.run({ x: image.data as Float32Array })
      expectOutputs(seen, compiled.graph, { inputs: environment.inputs, parameters: compiled.parameters })
      opened.dispose()
    },
  )
})
