import { type AttributesOf, compose, reduceElement, sameShape, shapeOf } from '../../ir/index.ts'
import { act, any, computed, type Match, make, op, type Rule, ref, same } from '../rule.ts'

type ActAttributes = AttributesOf<'Act'>

const extentsUnder = (match: Match, g: string, x: string): readonly [number, number] => {
  const { axes } = match.attributes('Act', g)
  const shape = shapeOf(match.type(x))
  return [shape[axes[0]], shape[axes[1]]]
}

/** What changes nothing vanishes. */
export const dropRules: readonly Rule[] = [
  {
    name: 'drop-identity',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', any('x')),
    rhs: ref('x'),
    when: computed('g is the identity', m => m.element('g') === 'id'),
  },
  {
    name: 'drop-reshape',
    precision: 'exact',
    mode: 'both',
    lhs: op('Reshape', 'shape', any('x')),
    rhs: ref('x'),
    when: computed('x has that shape', m => sameShape(m.attributes('Reshape', 'shape').shape, shapeOf(m.type('x')))),
  },
  {
    name: 'reshape-once',
    precision: 'exact',
    mode: 'both',
    lhs: op('Reshape', 'shape', op('Reshape', 'other', any('x'))),
    rhs: make('Reshape', same('Reshape', 'shape'), ref('x')),
  },
]

/** Acts meet, and vanish where they do nothing. */
export const cancelRules: readonly Rule[] = [
  ...dropRules,
  {
    name: 'drop-flip-of-extent-one',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', any('x')),
    rhs: make(
      'Act',
      computed<ActAttributes>('reduce(g, x)', m => ({
        ...m.attributes('Act', 'g'),
        element: reduceElement(m.element('g'), extentsUnder(m, 'g', 'x')),
      })),
      ref('x'),
    ),
    when: computed(
      'an axis that g flips has extent 1',
      m => reduceElement(m.element('g'), extentsUnder(m, 'g', 'x')) !== m.element('g'),
    ),
  },
  {
    name: 'compose',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', act('h', any('x'))),
    rhs: make(
      'Act',
      computed<ActAttributes>('(gh)', m => ({
        ...m.attributes('Act', 'g'),
        element: compose(m.element('g'), m.element('h')),
      })),
      ref('x'),
    ),
    when: computed('g and h act on the same axes', m => {
      const [g, h] = [m.attributes('Act', 'g').axes, m.attributes('Act', 'h').axes]
      return g[0] === h[0] && g[1] === h[1]
    }),
  },
  {
    name: 'transpose-is-an-act',
    precision: 'exact',
    mode: 'both',
    lhs: { kind: 'op', tag: 'Transpose', name: 'perm', operands: [any('x', 'Map')] },
    rhs: make(
      'Act',
      computed<ActAttributes>('transpose', () => ({ element: 'transpose', axes: [0, 1] })),
      ref('x'),
    ),
    when: computed(
      'perm swaps rows and columns alone',
      m => m.attributes('Transpose', 'perm').permutation.join() === '1,0,2',
    ),
  },
]
