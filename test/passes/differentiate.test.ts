import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import {
  builder,
  declarationOf,
  type Graph,
  mapType,
  type OpTag,
  opTags,
  shapeOf,
  sharedType,
  vectorType,
  verify,
} from '../../ir/index.ts'
import { differentiate } from '../../passes/differentiate.ts'
import { stackVariantsIn } from '../../passes/stack-variants.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { arbitraryFlatGraph } from '../arbitrary/graph.ts'
import { arbitraryOp, type OpCase, opGraph } from '../arbitrary/ops.ts'
import { unaryTrials } from '../arbitrary/unary.ts'
import { valuesOf } from '../laws/agreement.ts'
import { checkGradients, differentiated, sourcesOf, withLoss } from './gradient-check.ts'

/** Operands that values give no gradient by, though the loss depends on them. */
const refusedOperands: Partial<Record<OpTag, readonly string[]>> = {
  BatchNormInputGradient: ['x0', 'x1', 'w2', 'w3', 'w4', 'w5', 'w6'],
  MaxPoolGradient: ['x1'],
  Warp: ['w1'],
  WarpGradient: ['w1'],
  AttentionGradient: ['x0', 'x1', 'x2', 'x3', 'x4', 'x5'],
  WindowAttentionGradient: ['x0', 'x1', 'x2', 'x3', 'w4'],
}

/** Ops of which every operand may be refused. */
const mayRefuseAll: readonly OpTag[] = ['BatchNormInputGradient', 'AttentionGradient', 'WindowAttentionGradient']

/** Not in flat graphs, or with nothing to take a gradient by, or without one. */
const inference = opTags.filter(tag => declarationOf(tag).stage === 'inference')
const left: readonly OpTag[] = ['Branch', 'Undo', 'Reduce', 'Constant', ...inference]

describe('gradients agree with differences of the loss', () => {
  it.each(opTags.filter(tag => !left.includes(tag)))('%s', tag => {
    let compared = 0
    fc.assert(
      fc.property(arbitraryOp(tag), fc.nat(), fc.boolean(), (op, seed, weighed) => {
        const graph = withLoss(opGraph(op), weighed)
        const sources = sourcesOf(graph).filter(name => !(refusedOperands[tag] ?? []).includes(name))
        compared += checkGradients(graph, environmentOf(graph, 'reals', seed, 2), sources, seed)
      }),
      { numRuns: 60, seed: 11 },
    )
    expect(compared).toBeGreaterThanOrEqual(mayRefuseAll.includes(tag) ? 0 : 50)
  })

  it.each(
    unaryTrials.flatMap(trial =>
      (trial.after === 'sigmoid' ? [0.7, 3.1] : [-1.3, 0.7, 3.1]).map(
        at => [`${trial.fn} with ${trial.alpha} and ${trial.beta}, at ${at}`, { ...trial, at }] as const,
      ),
    ),
  )('%s', (_, { fn, alpha, beta, at }) => {
    const b = builder()
    const graph = withLoss(b.finish({ y: b.unary(fn, b.input('x', vectorType(1)), { alpha, beta }) }), false)
    const inputs = new Map([['x', { shape: [1, 1], data: Float64Array.of(at) }]])
    expect(checkGradients(graph, { inputs, parameters: new Map() }, ['x'], 1)).toBe(1)
  })

  it.each([
    { dialect: 'flat', of: (graph: Graph) => graph },
    { dialect: 'stacked', of: (graph: Graph) => stackVariantsIn(graph).graph },
  ])('in generated $dialect graphs', ({ of }) => {
    let compared = 0
    let asked = 0
    fc.assert(
      fc.property(arbitraryFlatGraph({ blocks: 6 }), fc.nat(), (flat, seed) => {
        const graph = withLoss(of(flat), true)
        const sources = sourcesOf(graph)
        asked += sources.length
        compared += checkGradients(graph, environmentOf(graph, 'reals', seed, 2), sources, seed)
      }),
      { numRuns: 60, seed: 4 },
    )
    expect(compared).toBeGreaterThan(0.8 * asked)
  })
})

const byOwnStatistics = (op: OpCase<'BatchNorm'>): Graph => {
  const b = builder()
  const [type] = op.operands
  const x = b.input('x', type)
  const to = op.operands[1]
  const of = (reduction: 'mean' | 'variance') => b.draft.add('ReduceTo', [x], { to, reduction })
  const [scale, offset] = ['scale', 'offset'].map(name => b.parameter(name, shapeOf(to)))
  const y = b.batchNorm(x, [scale, offset, of('mean'), of('variance')], op.attributes.epsilon)
  return b.finish({ y, x })
}

describe('a normalization by its own batch', () => {
  it('has the gradients that differences say', () => {
    fc.assert(
      fc.property(arbitraryOp('BatchNorm'), fc.nat(), fc.boolean(), (op, seed, weighed) => {
        const graph = withLoss(byOwnStatistics(op), weighed)
        expect(checkGradients(graph, environmentOf(graph, 'reals', seed, 3), sourcesOf(graph), seed)).toBe(3)
      }),
      { numRuns: 60, seed: 2 },
    )
  })
})

describe('differentiate', () => {
  it('gives graphs that verify', () => {
    fc.assert(
      fc.property(arbitraryFlatGraph(), flat => {
        for (const graph of [withLoss(flat, false), withLoss(stackVariantsIn(flat).graph, true)]) {
          const result = differentiated(graph, sourcesOf(graph))
          expect(verify(result)).toEqual(E.right(result))
        }
      }),
      { numRuns: 30 },
    )
  })

  it('computes no gradient that nothing asks for', () => {
    const b = builder()
    const x = b.input('x', mapType(4, 4, 2))
    const y = b.conv2d(x, b.parameter('w', [3, 3, 2, 3]), { padding: 1 })
    const result = differentiated(withLoss(b.finish({ y }), true), ['w'])
    const tags = result.nodes.map(node => node.tag)
    expect(tags).toContain('Conv2dFilterGradient')
    expect(tags).not.toContain('Conv2dTranspose')
  })

  it('gives zeros by what the loss does not depend on', () => {
    const b = builder()
    const y = b.input('y', vectorType(2))
    b.parameter('w', [3])
    const graph = withLoss(b.finish({ y }), true)
    expect(checkGradients(graph, environmentOf(graph, 'reals', 1, 1), ['w'], 1)).toBe(1)
  })

  it('refuses what is no loss of a flat or stacked graph', () => {
    const b = builder('branched')
    const x = b.input('x', vectorType(2))
    const loss = b.draft.add('ReduceTo', [x], { to: sharedType([]), reduction: 'sum' })
    const wide = b.draft.add('ReduceTo', [x], { to: sharedType([2]), reduction: 'sum' })
    const problem = (dialect: 'branched' | 'flat', loss: string, name = 'x') => {
      const result = differentiate({ ...graph, dialect }, { loss, withRespectTo: [name] })
      return E.isLeft(result) ? result.left[0] : null
    }
    const graph = b.finish({ loss, wide })
    expect(problem('branched', 'loss')).toMatchObject({ tag: 'not-differentiable', where: 'the graph' })
    expect(problem('flat', 'loss')).toBeNull()
    expect(problem('flat', 'wide')).toMatchObject({ where: 'loss wide', seen: 'Shared[2]' })
    expect(problem('flat', 'los')).toMatchObject({ expected: 'loss, wide' })
    expect(problem('flat', 'loss', 'xx')).toMatchObject({ hint: 'x' })
  })

  it('adds up gradients of nodes of one name', () => {
    const b = builder()
    const x = b.input('x', vectorType(1))
    const [w, v] = [b.parameter('w', [1]), b.parameter('w', [1])]
    const y = b.add(b.multiply(x, w), b.multiply(b.unary('affine', x, { alpha: 10, beta: 0 }), v))
    const values = valuesOf(differentiated(withLoss(b.finish({ y }), false), ['w']), {
      inputs: new Map([['x', { shape: [1, 1], data: Float64Array.of(3) }]]),
      parameters: new Map([['w', { shape: [1], data: Float64Array.of(1) }]]),
    })
    expect([...(values.get('gradient of w')?.data ?? [])]).toEqual([33])
  })

  it('says what is wrong', () => {
    const b = builder()
    const x = b.input('image', vectorType(2))
    const matrix = b.parameter('matrix', [2, 2])
    const warped = b.draft.add('Warp', [b.unflatten(x), matrix], {})
    const loss = b.draft.add('ReduceTo', [warped], { to: sharedType([]), reduction: 'mean' })
    const graph = b.finish({ x, loss })
    const problems = (loss: string, name: string) => {
      const result = differentiate(graph, { loss, withRespectTo: [name] })
      return E.isLeft(result) ? result.left.map(({ where, seen }) => `${where}: ${seen}`) : []
    }
    expect(problems('losss', 'image')).toEqual(['loss losss: no such output'])
    expect(problems('x', 'image')).toEqual(['loss x: Vector[2]'])
    expect(problems('loss', 'imag')).toEqual(['imag: no such parameter or input'])
    expect(problems('loss', 'matrix')).toEqual(['Warp %3: a gradient of the loss by operand 1'])
    expect(problems('loss', 'image')).toEqual([])
  })
})
