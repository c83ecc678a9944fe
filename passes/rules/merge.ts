import type { AttributesOf, NodeId } from '../../ir/index.ts'
import { any, computed, each, type Match, makeFrom, op, type Rule, ref } from '../rule.ts'

const distinct = (m: Match): readonly NodeId[] => [...new Set(m.nodes('xs'))]

/** Variants that came out equal are computed once, and counted as often as they stood there. */
export const mergeRules: readonly Rule[] = [
  {
    name: 'merge-equal-variants',
    precision: 'rounding',
    mode: 'inference',
    lhs: each('Combine', 'reduce', any('xs')),
    rhs: makeFrom(
      'Combine',
      computed<AttributesOf<'Combine'>>('multiplicities added', m => {
        const { reduction, multiplicity } = m.attributes('Combine', 'reduce')
        const xs = m.nodes('xs')
        const counts = new Map<NodeId, number>()
        xs.forEach((x, k) => {
          counts.set(x, (counts.get(x) ?? 0) + multiplicity[k])
        })
        return { reduction, multiplicity: distinct(m).map(x => counts.get(x) as number) }
      }),
      computed('distinct xs', distinct),
    ),
    when: computed('two of xs are one node, and none is a stack', m => {
      const { length } = m.nodes('xs')
      return distinct(m).length < length && m.attributes('Combine', 'reduce').multiplicity.length === length
    }),
  },
  {
    name: 'drop-mean-of-one',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Combine', 'reduce', any('x')),
    rhs: ref('x'),
    when: computed('reduce is geo, and x no stack', m => {
      const { reduction, multiplicity } = m.attributes('Combine', 'reduce')
      return reduction === 'geo' && multiplicity.length === 1
    }),
  },
]
