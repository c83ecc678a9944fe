import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AttributesOf,
  type Builder,
  builder,
  type Graph,
  mapType,
  type Node,
  type NodeId,
  print,
  shapeOf,
} from '../../ir/index.ts'
import { type Forms, legalized } from '../../passes/index.ts'
import { isCovered, slideOf } from '../../passes/sliding.ts'
import { environmentOf } from '../arbitrary/environment.ts'
import { arbitraryOp, opGraph } from '../arbitrary/ops.ts'
import { valuesOf } from '../laws/agreement.ts'

const forms = (build: (b: Builder, x: NodeId) => NodeId, has: Forms = {}) => {
  const b = builder()
  const graph = b.finish({ y: build(b, b.input('x', mapType(4, 4, 2))) })
  const legal = legalized(graph, has)
  return { graph, legal, ops: legal.nodes.map(({ tag, name }) => (name === undefined ? tag : `${tag} ${name}`)) }
}

const gaps = (b: Builder, x: NodeId): NodeId => b.maxPool(x, 2, { strides: 2, dilations: 2, name: 'pool' })

describe('legalize', () => {
  it('gives what stands for a node its name', () => {
    const { ops } = forms((b, x) => b.draft.add('Shift', [x], { dy: 1, dx: 0 }, 'moved'))
    expect(ops).toEqual(['Input x', 'Pad moved', 'Pad moved'])
  })

  it('leaves alone what the target has', () => {
    expect(forms(gaps).ops).not.toContain('MaxPool pool')
    const { graph, legal } = forms(gaps, { MaxPool: () => true })
    expect(print(legal)).toBe(print(graph))
  })

  it('takes away what the target says that it lacks, whatever the law asks for beside', () => {
    const shifted = (b: Builder, x: NodeId): NodeId => b.draft.add('Shift', [x], { dy: 1, dx: 0 })
    expect(forms(shifted, { Shift: () => false }).ops).toEqual(['Input x', 'Pad', 'Pad'])
    const { graph, legal } = forms(
      (b, x) =>
        b.pad(x, [
          [1, 1],
          [1, 1],
        ]),
      { Pad: () => false },
    )
    expect(print(legal)).toBe(print(graph))
  })

  it('asks the target about what it made, too', () => {
    const { ops } = forms(gaps, { MaxPool: ({ size }) => Math.min(...size) === 1 })
    expect(ops).toEqual(['Input x', 'Pad', 'MaxPool pool', 'MaxPool pool'])
  })

  it('builds once what a right side has several times', () => {
    const { legal } = forms(
      (b, x) => {
        const window = { size: [2, 1], strides: [1, 1], dilations: [1, 1], ceil: false } as const
        const padding = [
          [0, 0],
          [0, 0],
        ] as const
        const g = b.unary('exp', b.maxPool(x, [2, 1], { strides: 1 }))
        return b.draft.add('MaxPoolGradient', [x, g], { ...window, padding })
      },
      { MaxPool: () => true },
    )
    const gates = legal.nodes.filter(node => node.tag === 'Binary' && node.attributes.fn === 'gate')
    expect(gates).toHaveLength(2)
  })
})

describe('a legal form', () => {
  it('of a pool of single pixels is that pool', () => {
    for (const ceil of [false, true])
      expect(forms((b, x) => b.maxPool(x, 1, { strides: 3, ceil })).ops).toContain('MaxPool')
  })

  it('of a mean of real pixels that rounds up covers what it meets, and weighs nothing', () => {
    const covered: Forms = { MeanPool: (own, types) => isCovered(slideOf('MeanPool', own, types)) }
    const mean = (b: Builder, x: NodeId): NodeId => b.meanPool(x, 3, { strides: 2, ceil: true, countPadding: false })
    expect(forms(mean, covered).ops).toEqual(['Input x', 'MeanPool'])
  })

  it('of a convolution of single pixels takes those that it meets, pads among them', () => {
    const pad = fc.nat({ max: 2 })
    const sides = fc.tuple(pad, pad)
    fc.assert(
      fc.property(
        fc.tuple(sides, sides),
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(2, 3)),
        (...drawn) => {
          const [padding, strides] = drawn
          const { graph, legal } = forms((b, x) => b.conv2d(x, b.parameter('w', [1, 1, 2, 2]), { padding, strides }))
          const environment = environmentOf(graph, 'integers', 1, 1)
          expect(valuesOf(legal, environment)).toEqual(valuesOf(graph, environment))
        },
      ),
    )
  })
})

const isOne = (n: number): boolean => n === 1
const isNone = (n: number): boolean => n === 0

/** What of a node some law takes away, where a target has no form of its own. */
const illegal = ({ nodes }: Graph, node: Node): Readonly<Record<string, boolean>> => {
  switch (node.tag) {
    case 'Shift':
    case 'MaxPoolGradient':
      return { [node.tag]: true }
    case 'Pad': {
      const pads = [...node.attributes.padding, node.attributes.channels].flat()
      return { 'pads and crops': Math.min(...pads) < 0 && Math.max(...pads) > 0 }
    }
    case 'GlobalPool': {
      const [h, w] = shapeOf(nodes[node.operands[0]].type)
      return { 'a mean of several pixels': node.attributes.reduction === 'mean' && h * w > 1 }
    }
    case 'MaxPool':
    case 'MeanPool':
    case 'MeanPoolGradient': {
      const { size, padding, ceil } = node.attributes
      return { 'several taps': !size.every(isOne), pads: !padding.flat().every(isNone), 'ceil mode': ceil }
    }
    case 'Conv2d':
    case 'Conv2dTranspose':
    case 'Conv2dFilterGradient': {
      const { strides, dilations, padding, groups } = node.attributes
      const [r, s] =
        node.tag === 'Conv2dFilterGradient' ? node.attributes.extents : shapeOf(nodes[node.operands[1]].type)
      return {
        groups: node.tag !== 'Conv2d' && groups > 1,
        gaps: node.tag !== 'Conv2d' && ((r > 1 && dilations[0] > 1) || (s > 1 && dilations[1] > 1)),
        'strides of one tap': node.tag !== 'Conv2dTranspose' && r * s === 1 && !strides.every(isOne),
        pads: !padding.flat().every(isNone),
      }
    }
    default:
      return {}
  }
}

/** Whether a node gives what it is given, or says one number many times. */
const isIdle = (node: Node): boolean => {
  switch (node.tag) {
    case 'Pad':
      return [...node.attributes.padding, node.attributes.channels].flat().every(isNone)
    case 'MeanPool':
    case 'MeanPoolGradient':
      return [...node.attributes.size, ...node.attributes.strides].every(isOne)
    case 'Constant':
      return new Set(node.attributes.values).size === 1
    default:
      return false
  }
}

describe('where a target has no form of its own', () => {
  it.each([
    'Shift',
    'Pad',
    'GlobalPool',
    'Conv2d',
    'Conv2dTranspose',
    'Conv2dFilterGradient',
    'MaxPool',
    'MeanPool',
    'MaxPoolGradient',
    'MeanPoolGradient',
  ] as const)('nothing is left of %s that a law takes away, and nothing is added that does nothing', tag => {
    fc.assert(
      fc.property(arbitraryOp(tag), drawn => {
        const legal = legalized(opGraph(drawn), {})
        const left = legal.nodes.flatMap(node => Object.entries(illegal(legal, node)).filter(([, is]) => is))
        expect(left).toEqual([])
        // No law takes away a pool of single pixels, or a pad of none.
        const { size = [] } = drawn.attributes as { readonly size?: readonly number[] }
        const single = size.length > 0 && size.every(isOne)
        const idle = legal.nodes.filter(isIdle).length
        expect(idle).toBeLessThanOrEqual(tag === 'Pad' || single ? 1 : 0)
      }),
      { numRuns: 60 },
    )
  })

  it.each(['MaxPool', 'MeanPool'] as const)('taps of %s are met along rows and then along columns', tag => {
    fc.assert(
      fc.property(arbitraryOp(tag), drawn => {
        const [rows, columns] = (drawn.attributes as AttributesOf<'MaxPool'>).size
        const { nodes } = legalized(opGraph(drawn), {})
        const joins = nodes.filter(node => node.tag === 'Binary' && node.attributes.fn !== 'multiply')
        expect(joins.length).toBe(rows - 1 + columns - 1)
      }),
      { numRuns: 30 },
    )
  })
})
