import {
  type AttributesOf,
  declarationOf,
  type Equivariance,
  inverse,
  type LawPart,
  type OpTag,
  ops,
  opTags,
} from '../../ir/index.ts'
import { act, any, type Computed, computed, each, make, makeFrom, op, type Rule, ref } from '../rule.ts'

const g = computed('g', match => match.attributes('Act', 'g'))
const gInverse = computed<AttributesOf<'Act'>>('g⁻¹', match => ({
  element: inverse(g.from(match).element),
  axes: [0, 1],
}))

/** What an op's declaration says of D4 as a rule: `op(g·x, w; a) = g·op(x, g⁻¹·w; a′)`. */
const ruleOf = <T extends OpTag>(tag: T, declared: Equivariance<AttributesOf<T>>): Rule<'both'> => {
  const { law: name, precision, symbol, result, turned = [], attributes, when } = declared
  const [, ...others]: readonly string[] = ops[tag].operands
  const variadic = others.includes('…')
  const operands = variadic ? ['xs'] : ['x', ...others]
  const own = computed(symbol, match => match.attributes(tag, symbol))
  const part = <A>({ text, from }: LawPart<AttributesOf<T>, A>): Computed<A> =>
    computed(text, match => from(g.from(match), own.from(match), operands.map(match.type)))
  const changed = attributes === undefined ? own : part(attributes)
  const moved = variadic
    ? makeFrom(
        tag,
        changed,
        computed('xs, …', match => match.nodes('xs')),
      )
    : make(
        tag,
        changed,
        ref('x'),
        ...others.map(other => (turned.includes(other) ? make('Act', gInverse, ref(other)) : ref(other))),
      )
  return {
    name,
    precision,
    mode: 'both',
    lhs: variadic
      ? each(tag, symbol, act('g', any('xs')))
      : op(tag, symbol, act('g', any('x')), ...others.map(other => any(other))),
    rhs: result === 'moves' ? make('Act', g, moved) : moved,
    when: when && part(when),
  }
}

/** A law for each op that says how D4 acts on it, in the order of the ops. */
export const equivarianceRules: readonly Rule<'both'>[] = opTags.flatMap(tag => {
  const { equivariance } = declarationOf(tag)
  return equivariance === undefined ? [] : [ruleOf(tag, equivariance)]
})
