import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  type Builder,
  builder,
  type Graph,
  mapType,
  type NodeId,
  shapeOf,
  sharedType,
  type Tensor,
  vectorType,
} from '../../ir/index.ts'
import type { Primitive } from '../../ir/ops/expression.ts'
import type { BinaryFunction, UnaryFunction } from '../../ir/ops/pointwise.ts'
import { differentiate } from '../../passes/differentiate.ts'
import { valuesOf } from '../laws/agreement.ts'
import { checkGradients, differentiated, sourcesOf, withLoss } from './gradient-check.ts'

const vector = (...data: readonly number[]): Tensor => ({ shape: [1, data.length], data: Float64Array.from(data) })

/** Gradients by x and y of the sum of a graph's outputs. */
const gradientsOf = (graph: Graph, values: Readonly<Record<string, Tensor>>) => {
  const all = valuesOf(differentiated(withLoss(graph, false), Object.keys(values)), {
    inputs: new Map(Object.entries(values)),
    parameters: new Map(),
  })
  return Object.keys(values).map(name => [...(all.get(`gradient of ${name}`) as Tensor).data])
}

describe('the derivative of a function, by a formula or a table', () => {
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
  type Slopes = readonly (readonly [x: number, slope: number, alpha?: number, beta?: number])[]
  const derivatives: { readonly [F in Primitive]: Slopes } & { readonly [F in UnaryFunction]?: Slopes } = {
    relu: [
      [-1, 0],
      [2, 1],
    ],
    relu6: [
      [-1, 0],
      [3, 1],
      [7, 0],
    ],
    'leaky-relu': [
      [-2, 0.25, 0.25],
      [2, 1, 0.25],
    ],
    elu: [
      [-1, 0.5 * Math.exp(-1), 0.5],
      [-1, -2 * Math.exp(-1), -2],
      [2, 1, 0.5],
    ],
    sigmoid: [
      [0, 0.25],
      [2, logistic(2) * logistic(-2)],
    ],
    'hard-sigmoid': [
      [-4, 0, 0.2, 0.5],
      [1, 0.2, 0.2, 0.5],
      [3, 0, 0.2, 0.5],
    ],
    swish: [
      [0, 0.5],
      [1, logistic(1) * (1 + logistic(-1))],
    ],
    // x·(x + 3)/6 between −3 and 3.
    'hard-swish': [
      [-4, 0],
      [-1, 1 / 6],
      [0, 0.5],
      [1, 5 / 6],
      [4, 1],
    ],
    tanh: [
      [0, 1],
      [1, 1 - Math.tanh(1) ** 2],
    ],
    softplus: [
      [0, 0.5],
      [-1, logistic(-1)],
    ],
    // Φ(1) + φ(1), of a table of the normal distribution.
    gelu: [
      [0, 0.5],
      [1, 0.8413447461 + 0.2419707245],
    ],
    erf: [
      [0, 2 / Math.sqrt(Math.PI)],
      [1, (2 / Math.sqrt(Math.PI)) * Math.exp(-1)],
    ],
    exp: [[1, Math.E]],
    log: [[4, 0.25]],
    sqrt: [[4, 0.25]],
    rsqrt: [
      [4, -1 / 16, 0],
      [3, -1 / 16, 1],
    ],
    reciprocal: [[2, -0.25]],
    square: [[3, 6]],
    abs: [
      [-3, -1],
      [3, 1],
    ],
    negate: [[3, -1]],
    step: [[3, 0]],
    clip: [
      [-2, 0, -1, 2],
      [0, 1, -1, 2],
      [3, 0, -1, 2],
    ],
    affine: [
      [7, 3, 3, 5],
      [7, 1, 1, 5],
    ],
  }

  it.each(
    Object.entries(derivatives).flatMap(([fn, points]) =>
      points.map(([x, slope, alpha = 0, beta = 0]) => ({ fn: fn as UnaryFunction, x, slope, alpha, beta })),
    ),
  )('$fn at $x: $slope', ({ fn, x, slope, alpha, beta }) => {
    const b = builder()
    const y = b.unary(fn, b.input('x', vectorType(1)), { alpha, beta })
    // Three times, so that what comes from above counts.
    const [[gradient]] = gradientsOf(b.finish({ y: b.unary('affine', y, { alpha: 3, beta: 0 }) }), { x: vector(x) })
    expect(gradient).toBeCloseTo(3 * slope, 8)
  })
})

describe('gradients of a function of two', () => {
  const of = (fn: BinaryFunction, x: readonly number[], y: readonly number[]) => {
    const b = builder()
    const [left, right] = [b.input('x', vectorType(x.length)), b.input('y', vectorType(y.length))]
    return gradientsOf(b.finish({ z: b.binary(fn, left, right) }), { x: vector(...x), y: vector(...y) })
  }

  it.each<readonly [BinaryFunction, readonly number[], readonly number[]]>([
    ['add', [1, 1], [1, 1]],
    ['subtract', [1, 1], [-1, -1]],
    ['multiply', [2, 5], [3, 4]],
    ['divide', [1 / 2, 1 / 5], [-3 / 4, -4 / 25]],
    ['maximum', [1, 0], [0, 1]],
    ['minimum', [0, 1], [1, 0]],
    ['gate', [1, 1], [0, 0]],
  ])('%s of 3 and 2, and of 4 and 5', (fn, byX, byY) => {
    const [x, y] = of(fn, [3, 4], [2, 5])
    byX.forEach((gradient, k) => {
      expect(x[k]).toBeCloseTo(gradient, 12)
    })
    byY.forEach((gradient, k) => {
      expect(y[k]).toBeCloseTo(gradient, 12)
    })
  })

  it('a gate that is shut lets nothing through', () => {
    expect(of('gate', [3, 4], [-1, 0])[0]).toEqual([0, 0])
  })

  it('are summed where one number was stretched to many', () => {
    const b = builder()
    const [x, y] = [b.input('x', vectorType(3)), b.input('y', sharedType([1]))]
    const values = { x: vector(1, 10, 100), y: { shape: [1], data: Float64Array.of(2) } }
    expect(gradientsOf(b.finish({ z: b.multiply(x, y) }), values)).toEqual([[2, 2, 2], [111]])
    expect(gradientsOf(b.finish({ z: b.add(x, y) }), values)).toEqual([[1, 1, 1], [3]])
    expect(gradientsOf(b.finish({ z: b.binary('subtract', y, x) }), values)).toEqual([[-1, -1, -1], [3]])
  })
})

describe('a normalization', () => {
  const type = mapType(2, 2, 2)
  const graphOf = (statistics: (b: Builder, x: NodeId) => readonly [NodeId, NodeId]): Graph => {
    const b = builder()
    const x = b.input('x', type)
    const [scale, offset] = ['scale', 'offset'].map(name => b.parameter(name, [2]))
    return withLoss(b.finish({ y: b.batchNorm(x, [scale, offset, ...statistics(b, x)], 0.1) }), true)
  }
  const reduced = (b: Builder, x: NodeId, reduction: 'mean' | 'variance' | 'sum', to = sharedType([2])) =>
    b.draft.add('ReduceTo', [x], { to, reduction })
  const tagsOf = (graph: Graph) => differentiated(graph, ['x']).nodes.map(({ tag }) => tag)

  /** Reals without a pattern; what is to be positive is. */
  const check = (graph: Graph): void => {
    const values = new Map(
      graph.nodes.flatMap(node => {
        if (node.tag !== 'Input' && node.tag !== 'Parameter') return []
        const { name } = node.attributes
        const shape = name === 'x' ? [2, 2, 2, 2] : shapeOf(node.type)
        const size = shape.reduce((a, n) => a * n, 1)
        return [
          [name, { shape, data: Float64Array.from({ length: size }, (_, i) => 1.5 + Math.sin(3 * i + name.length)) }],
        ]
      }),
    )
    const environment = { inputs: values, parameters: values }
    expect(checkGradients(graph, environment, sourcesOf(graph), 1)).toBe(sourcesOf(graph).length)
  }

  it('by the mean and the variance of its own input is one op', () => {
    const graph = graphOf((b, x) => [reduced(b, x, 'mean'), reduced(b, x, 'variance')])
    expect(tagsOf(graph)).toContain('BatchNormInputGradient')
    check(graph)
  })

  it.each<readonly [string, (b: Builder, x: NodeId) => readonly [NodeId, NodeId]]>([
    ['stored statistics', b => [b.parameter('m', [2]), b.parameter('v', [2])]],
    ['a stored mean', (b, x) => [b.parameter('m', [2]), reduced(b, x, 'variance')]],
    ['a stored variance', (b, x) => [reduced(b, x, 'mean'), b.parameter('v', [2])]],
    ['twice the variance', (b, x) => [reduced(b, x, 'variance'), reduced(b, x, 'variance')]],
    ['twice the mean', (b, x) => [reduced(b, x, 'mean'), reduced(b, x, 'mean')]],
    [
      'the statistics of another map',
      b => {
        const z = b.input('z', sharedType([4, 2]))
        return [reduced(b, z, 'mean'), reduced(b, z, 'variance')]
      },
    ],
    ['the variance of what it is not', (b, x) => [reduced(b, x, 'mean'), reduced(b, b.unary('square', x), 'variance')]],
  ])('by %s is a sum of terms', (_, statistics) => {
    const graph = graphOf(statistics)
    expect(tagsOf(graph)).not.toContain('BatchNormInputGradient')
    check(graph)
  })
})

describe('no more is written than is needed', () => {
  const tagsOf = (graph: Graph, ...by: readonly string[]) =>
    differentiated(withLoss(graph, false), by).nodes.map(({ tag }) => tag)
  const count = (tags: readonly string[], tag: string): number => tags.filter(other => other === tag).length

  it('a sum passes on what it is given, and only what has another type is stretched', () => {
    const b = builder()
    const [x, y] = [b.input('x', vectorType(2)), b.input('y', vectorType(2))]
    const tags = tagsOf(b.finish({ z: b.add(x, y) }), 'x', 'y')
    // The loss itself, the one it begins with, and what is stretched to either type.
    expect(tags).toEqual(['Input', 'Input', 'Binary', 'ReduceTo', 'InverseCount', 'Stretch', 'Stretch'])
  })

  it('what has its type already is not stretched to it', () => {
    const b = builder()
    const [x, w] = [b.input('x', vectorType(2)), b.parameter('w', [2, 3])]
    // Once, where the loss meets the products.
    expect(count(tagsOf(b.finish({ y: b.dense(b.unary('square', x), w) }), 'x'), 'Stretch')).toBe(1)
  })

  it('what is multiplied by one is not', () => {
    const b = builder()
    const x = b.input('x', vectorType(2))
    expect(count(tagsOf(b.finish({ y: b.unary('affine', x, { alpha: 1, beta: 2 }) }), 'x'), 'Unary')).toBe(1)
    expect(count(tagsOf(b.finish({ y: b.unary('affine', x, { alpha: 2, beta: 0 }) }), 'x'), 'Unary')).toBe(2)
  })

  it('a slice of everything has nothing beside it', () => {
    const b = builder()
    const x = b.input('x', vectorType(3))
    expect(tagsOf(b.finish({ y: b.slice(x, 0, 3) }), 'x')).not.toContain('Concat')
    expect(count(tagsOf(b.finish({ y: b.slice(x, 0, 2) }), 'x'), 'Slice')).toBe(2)
    expect(count(tagsOf(b.finish({ y: b.slice(x, 1, 1) }), 'x'), 'Slice')).toBe(3)
  })

  it('a value that is no stack is neither stacked nor taken apart', () => {
    const b = builder()
    const x = b.input('x', vectorType(3))
    for (const reduction of ['geo', 'sum', 'max'] as const) {
      const tags = tagsOf(b.finish({ y: b.combine([x, b.relu(x)], reduction) }), 'x')
      expect(tags).not.toContain('Stack')
      expect(tags).not.toContain('Unstack')
    }
  })

  it('a stack passes on one gradient for all, and takes another apart', () => {
    const stacked = (read: (b: Builder, stack: NodeId) => NodeId) => {
      const b = builder('stacked')
      const stack = b.draft.add('Stack', [b.input('x', vectorType(2)), b.input('y', vectorType(2))], {})
      const loss = b.draft.add('ReduceTo', [read(b, stack)], { to: sharedType([]), reduction: 'sum' })
      return differentiated(b.finish({ loss }), ['x', 'y']).nodes.map(({ tag }) => tag)
    }
    expect(stacked((_, stack) => stack)).not.toContain('Unstack')
    // On another stack by itself it is that stack.
    expect(
      count(
        stacked((b, stack) => b.unary('square', b.draft.add('Stack', [stack], {}))),
        'Unstack',
      ),
    ).toBe(2)
    expect(
      count(
        stacked((b, stack) => b.unary('square', stack)),
        'Unstack',
      ),
    ).toBe(2)
  })

  it('the only value of a stack has the gradient of the stack', () => {
    const b = builder('stacked')
    const x = b.draft.add('Stack', [b.input('x', vectorType(2))], {})
    const only = b.unary('square', b.draft.add('Unstack', [x], { index: 0, count: 1 }))
    const loss = b.draft.add('ReduceTo', [only], { to: sharedType([]), reduction: 'sum' })
    const tags = differentiated(b.finish({ loss }), ['x']).nodes.map(({ tag }) => tag)
    expect([count(tags, 'Stack'), count(tags, 'Unstack')]).toEqual([1, 1])
  })

  it('nothing is multiplied by a loss that is not asked for', () => {
    const b = builder()
    const [x, w] = [b.input('x', vectorType(2)), b.parameter('w', [2, 3])]
    const tags = tagsOf(b.finish({ y: b.dense(x, w) }), 'w')
    expect(tags).toContain('DenseWeightsGradient')
    expect(count(tags, 'Dense')).toBe(1)
  })
})

describe('where an op has no gradient', () => {
  const problemsOf = (build: (b: Builder, x: NodeId) => NodeId, by = 'x') => {
    const b = builder()
    const result = differentiate(withLoss(b.finish({ y: build(b, b.input('x', mapType(2, 2, 1))) }), false), {
      loss: 'loss',
      withRespectTo: [by],
    })
    return E.isLeft(result)
      ? result.left.map(
          ({ tag, where, seen, hint }) => `${tag} ${where}: ${seen}${hint === undefined ? '' : ` (${hint})`}`,
        )
      : []
  }
  const pool = {
    size: [2, 2],
    strides: [1, 1],
    dilations: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    ceil: false,
  } as const

  it('that is told, operand by operand', () => {
    const norm = (b: Builder, x: NodeId): NodeId =>
      b.draft.add('BatchNormInputGradient', [x, x, ...['s', 'm', 'v', 'g', 'p'].map(name => b.parameter(name, [1]))], {
        epsilon: 0.1,
      })
    expect(problemsOf(norm)).toEqual([
      'not-differentiable BatchNormInputGradient %6: a gradient of the loss by operand 0',
    ])
    expect(problemsOf(norm, 'p')).toEqual([
      'not-differentiable BatchNormInputGradient %6: a gradient of the loss by operand 6',
    ])
    const unpooled = (b: Builder, x: NodeId): NodeId =>
      b.draft.add('MaxPoolGradient', [b.input('z', mapType(2, 2, 1)), b.maxPool(x, 2)], pool)
    expect(problemsOf(unpooled)).toEqual(['not-differentiable MaxPoolGradient %3: a gradient of the loss by operand 1'])
    for (const tag of ['Warp', 'WarpGradient'] as const)
      expect(problemsOf((b, x) => b.draft.add(tag, [x, b.parameter('m', [2, 2])], {}), 'm')).toEqual([
        `not-differentiable ${tag} %2: a gradient of the loss by operand 1`,
      ])
    const attended = (b: Builder, x: NodeId): NodeId =>
      b.draft.add('AttentionGradient', [x, x, x, x], { heads: 1, scale: 1, operand: 2 })
    expect(problemsOf(attended)).toEqual([
      'not-differentiable AttentionGradient %1: a gradient of the loss by operand 0',
    ])
    const inWindows = (b: Builder, x: NodeId): NodeId =>
      b.draft.add('WindowAttentionGradient', [x, x, x, x, b.parameter('bias', [1, 3, 1])], {
        ...{ scale: 1, partition: 'blocks', operand: 3 },
      })
    expect(problemsOf(inWindows, 'bias')).toEqual([
      'not-differentiable WindowAttentionGradient %2: a gradient of the loss by operand 4',
    ])
    const sure = (b: Builder, x: NodeId): NodeId => b.draft.add('Certainty', [b.globalPool(x)], { measure: 'margin' })
    expect(problemsOf(sure)).toEqual([
      'not-differentiable Certainty %2: a gradient of the loss by operand 0 (networks with Certainty run as they are, and are not trained)',
    ])
  })

  it('but the value does not matter, or in jumps, it is 0', () => {
    const ones = { shape: [1, 2, 2, 1], data: Float64Array.of(1, 2, 3, 4) }
    const gradient = (build: (b: Builder, x: NodeId) => NodeId) => {
      const b = builder()
      return gradientsOf(b.finish({ y: build(b, b.input('x', mapType(2, 2, 1))) }), { x: ones })[0]
    }
    const zeros = [0, 0, 0, 0]
    expect(gradient((b, x) => b.unary('step', x))).toEqual(zeros)
    expect(gradient((b, x) => b.draft.add('InverseCount', [x], { to: sharedType([]) }))).toEqual(zeros)
    expect(
      gradient((b, x) => b.draft.add('Stretch', [b.draft.add('InverseCount', [x], { to: sharedType([]) }), x], {})),
    ).toEqual(zeros)
  })
})
