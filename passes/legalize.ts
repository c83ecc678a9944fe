import type { AttributesOf, Graph, OpTag, Type } from '../ir/index.ts'
import type { Pass } from './pass.ts'
import { rewrite, rewritePass } from './rewrite.ts'
import { computed, type Match, type Pattern, type Rule } from './rule.ts'
import { legalRules } from './rules/legalize.ts'

/** The forms of ops that a target has as they are. Of an op that it does not name, those that no law of {@link legalRules} changes. */
export type Forms = {
  readonly [T in OpTag]?: (attributes: AttributesOf<T>, operands: readonly Type[]) => boolean
}

type Has = (attributes: AttributesOf<OpTag>, operands: readonly Type[]) => boolean

/** The rule, where the target does not have what it matches. */
const whereLacking = (forms: Forms, rule: Rule<'both'>): Rule<'both'> => {
  const { lhs, when } = rule
  const has = lhs.kind === 'op' ? (forms[lhs.tag] as Has | undefined) : undefined
  if (lhs.kind !== 'op' || has === undefined || 'each' in lhs.operands) return rule
  const { tag, name } = lhs
  const operands: readonly Pattern[] = lhs.operands
  const lacks = (m: Match): boolean =>
    !has(
      m.attributes(tag, name),
      operands.map(operand => m.type(operand.name)),
    )
  return { ...rule, when: computed('the target lacks it', m => lacks(m) && (when?.from(m) ?? true)) }
}

/** Rewrites a flat or stacked graph, of inference or of training, into forms that a target has. */
export const legalized = (graph: Graph, forms: Forms): Graph => rewrite(graph, legalRulesFor(forms)).graph

const legalRulesFor = (forms: Forms): readonly Rule<'both'>[] => legalRules.map(rule => whereLacking(forms, rule))

/** The same as a pass. */
export const legalize = (forms: Forms): Pass<'both'> => rewritePass('legalize', legalRulesFor(forms))
