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
    when: computed('two of xs are one node', m => distinct(m).length < m.nodes('xs').length),
  },
  {
    name: 'drop-mean-of-one',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Combine', 'reduce', any('x')),
    rhs: ref('x'),
    when: computed('reduce is geo', m => m.attributes('Combine', 'reduce').reduction === 'geo'),
  },
]
