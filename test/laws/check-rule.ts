import fc from 'fast-check'
import { print } from '../../ir/index.ts'
import { multiplyAdds, type Rule, rewrite } from '../../passes/index.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { environmentOf, type ValueKind } from '../arbitrary/environment.ts'
import { drawMatch } from '../arbitrary/match.ts'
import { expectSameMeaning } from './agreement.ts'

/** How many graphs may be drawn for each firing that is wanted. */
const drawsAtMost = 50

export interface CheckedRule {
  /** How often the rule fired. */
  readonly fired: number
  /** What was wrong where it fired, and in which graph; null where all agreed. */
  readonly broken: string | null
}

interface CheckOptions {
  /** How often the rule is to fire. */
  readonly firings: number
  readonly seed?: number
}

/** Draws graphs that the rule's left side matches until it has fired often enough, and checks the meaning and the cost of each rewriting. */
export const checkRule = (rule: Rule, kind: ValueKind, { firings, seed }: CheckOptions): CheckedRule => {
  let fired = 0
  const arithmetic = kind === 'integers' ? 'exact' : 'any'
  const property = fc.property(arbitraryChoices(200), fc.nat(), (choices, values) => {
    if (fired >= firings) return
    const graph = drawMatch(chooser(choices), rule, arithmetic)
    const { graph: rewritten, rewrites } = rewrite(graph, [rule])
    const times = rewrites[rule.name] ?? 0
    if (times === 0) return
    const environment = environmentOf(graph, kind, values, 2)
    expectSameMeaning([rewritten, environment], [graph, environment], kind === 'integers' ? rule.precision : 'rounding')
    if (multiplyAdds(rewritten) > multiplyAdds(graph)) throw new Error('more multiply-adds than before')
    fired += times
  })
  const result = fc.check(property, {
    numRuns: drawsAtMost * firings,
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed }),
  })
  if (!result.failed) return { fired, broken: null }
  const { errorInstance, counterexample } = result
  const [choices = [], values] = counterexample ?? []
  return {
    fired,
    broken: [
      `${rule.name}, ${kind}, seed ${result.seed}: ${errorInstance instanceof Error ? errorInstance.message : errorInstance}`,
      `values ${values} of ${print(drawMatch(chooser(choices), rule, arithmetic))}`,
    ].join('\n'),
  }
}
