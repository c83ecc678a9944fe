import {
  type AttributesOf,
  compose,
  type Element,
  reduceElement,
  sameShape,
  shapeOf,
  type Type,
} from '../../ir/index.ts'
import { act, any, derive, given, make, op, type Rule, rule } from '../rule.ts'

/** What g does to x, without flips of axes that have extent 1. */
const reduced = ({ element, axes: [y, x] }: AttributesOf<'Act'>, type: Type): Element => {
  const shape = shapeOf(type)
  return reduceElement(element, [shape[y], shape[x]])
}

/** Ops that change nothing are dropped. */
export const dropRules: readonly Rule<'both'>[] = [
  rule({
    name: 'drop-identity',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', any('x')),
    rhs: ({ x }) => x,
    when: ({ g }) => derive('g is the identity', [g], ({ element }) => element === 'id'),
  }),
  rule({
    name: 'drop-reshape',
    precision: 'exact',
    mode: 'both',
    lhs: op('Reshape', 'shape', any('x')),
    rhs: ({ x }) => x,
    when: ({ x, shape }) =>
      derive('x has that shape', [shape, x.type], (wanted, type) => sameShape(wanted.shape, shapeOf(type))),
  }),
  rule({
    name: 'reshape-once',
    precision: 'exact',
    mode: 'both',
    lhs: op('Reshape', 'shape', op('Reshape', 'other', any('x'))),
    rhs: ({ x, shape }) => make('Reshape', shape, x),
  }),
]

/** Two acts in a row become one; an act that does nothing is dropped. */
export const cancelRules: readonly Rule<'both'>[] = [
  ...dropRules,
  rule({
    name: 'drop-flip-of-extent-one',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', any('x')),
    rhs: ({ g, x }) =>
      make(
        'Act',
        derive('reduce(g, x)', [g, x.type], (own, type) => ({ ...own, element: reduced(own, type) })),
        x,
      ),
    when: ({ g, x }) =>
      derive('an axis that g flips has extent 1', [g, x.type], (own, type) => reduced(own, type) !== own.element),
  }),
  rule({
    name: 'compose',
    precision: 'exact',
    mode: 'both',
    lhs: act('g', act('h', any('x'))),
    rhs: ({ g, h, x }) =>
      make(
        'Act',
        derive('(gh)', [g, h], (outer, inner) => ({ ...outer, element: compose(outer.element, inner.element) })),
        x,
      ),
    when: ({ g, h }) =>
      derive('g and h act on the same axes', [g, h], (outer, inner) => sameShape(outer.axes, inner.axes)),
  }),
  rule({
    name: 'transpose-is-an-act',
    precision: 'exact',
    mode: 'both',
    lhs: op('Transpose', 'perm', any('x', 'Map')),
    rhs: ({ x }) => make('Act', given('transpose', { element: 'transpose', axes: [0, 1] }), x),
    when: ({ perm }) =>
      derive('perm swaps rows and columns alone', [perm], ({ permutation }) => permutation.join() === '1,0,2'),
  }),
]
