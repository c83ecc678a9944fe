import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { declarationOf, evaluate, mapType, opTags, verify } from '../../ir/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { environmentOf } from './environment.ts'
import { arbitraryOp, opGraph } from './ops.ts'

describe('generated ops', () => {
  it.each(opTags)('%s: valid, and finite on reals and on integers', tag => {
    fc.assert(
      fc.property(arbitraryOp(tag), fc.nat(), (op, seed) => {
        const graph = opGraph(op)
        expect(verify(graph)).toEqual(E.right(graph))
        expect(declarationOf(tag).attributes.is(op.attributes)).toBe(true)
        expect(graph.nodes.find(node => node.tag === tag)?.type).toEqual(op.type)
        for (const kind of ['reals', 'integers'] as const) {
          const values = orThrow(evaluate(graph, environmentOf(graph, kind, seed, 2)))
          for (const { data } of values.values()) expect(data.every(Number.isFinite)).toBe(true)
        }
      }),
    )
  })

  it('completes given operands', () => {
    fc.assert(
      fc.property(arbitraryOp('Conv2d', { given: [mapType(1, 6, 4)] }), ({ operands }) => {
        expect(operands).toHaveLength(2)
        expect(operands[0]).toEqual(mapType(1, 6, 4))
      }),
    )
  })

  it('shrinks to the simplest use', () => {
    const { counterexample } = fc.check(
      fc.property(arbitraryOp('MeanPool'), () => false),
      { seed: 1 },
    )
    expect(counterexample?.[0]).toEqual({
      tag: 'MeanPool',
      operands: [mapType(4, 4, 4)],
      attributes: {
        size: [2, 2],
        strides: [1, 1],
        dilations: [1, 1],
        padding: [
          [0, 0],
          [0, 0],
        ],
        ceil: false,
        countPadding: false,
      },
      type: mapType(3, 3, 4),
    })
  })
})
