import type { NodeId } from '../../ir/index.ts'
import { any, derive, each, makeFrom, op, type Rule, rule } from '../rule.ts'

const distinct = (xs: readonly NodeId[]): readonly NodeId[] => [...new Set(xs)]

/** For each distinct variant, how often it stands there. */
const added = (xs: readonly NodeId[], multiplicity: readonly number[]): readonly number[] => {
  const counts = new Map<NodeId, number>()
  xs.forEach((x, k) => {
    counts.set(x, (counts.get(x) ?? 0) + multiplicity[k])
  })
  return distinct(xs).map(x => counts.get(x) as number)
}

/** Variants that came out equal are computed once, and counted as often as they stood there. */
export const mergeRules: readonly Rule[] = [
  rule({
    name: 'merge-equal-variants',
    precision: 'rounding',
    mode: 'inference',
    lhs: each('Combine', 'reduce', any('xs')),
    rhs: ({ xs, reduce }) =>
      makeFrom(
        'Combine',
        derive('multiplicities added', [reduce, xs.nodes], ({ reduction, multiplicity }, nodes) => ({
          reduction,
          multiplicity: added(nodes, multiplicity),
        })),
        derive('distinct xs', [xs.nodes], distinct),
      ),
    when: ({ xs, reduce }) =>
      derive(
        'two of xs are one node, and none is a stack',
        [reduce, xs.nodes],
        ({ multiplicity }, nodes) => distinct(nodes).length < nodes.length && multiplicity.length === nodes.length,
      ),
  }),
  rule({
    name: 'drop-mean-of-one',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Combine', 'reduce', any('x')),
    rhs: ({ x }) => x,
    when: ({ reduce }) =>
      derive(
        'reduce is geo, and x no stack',
        [reduce],
        ({ reduction, multiplicity }) => reduction === 'geo' && multiplicity.length === 1,
      ),
  }),
]
