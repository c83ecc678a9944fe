import fc from 'fast-check'
import { multiplyAdds, type Rule, rewrite } from '../../passes/index.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { environmentOf, type ValueKind } from '../arbitrary/environment.ts'
import { drawMatch } from '../arbitrary/match.ts'
import { expectSameMeaning } from './agreement.ts'

/** How often every rule must fire, and how many graphs may be drawn for that. */
export const firings = 60
const drawsAtMost = 3000

interface Checked {
  /** How often the rule fired. */
  readonly fired: number
  /** What was wrong where it fired, and in which graph; null where all agreed. */
  readonly broken: string | null
}

/** Draws graphs that the rule's left side matches until it has fired often enough, and checks the meaning of each rewriting. */
export const checkRule = (rule: Rule, kind: ValueKind, seed?: number): Checked => {
  let fired = 0
  const arithmetic = kind === 'integers' ? 'exact' : 'any'
  const property = fc.property(arbitraryChoices(200), fc.nat(), (choices, seed) => {
    if (fired >= firings) return
    const graph = drawMatch(chooser(choices), rule, arithmetic)
    const { graph: rewritten, rewrites } = rewrite(graph, [rule])
    const times = rewrites[rule.name] ?? 0
    if (times === 0) return
    const environment = environmentOf(graph, kind, seed, 2)
    expectSameMeaning([rewritten, environment], [graph, environment], kind === 'integers' ? rule.precision : 'rounding')
    if (multiplyAdds(rewritten) > multiplyAdds(graph)) throw new Error('more multiply-adds than before')
    fired += times
  })
  const result = fc.check(property, { numRuns: drawsAtMost, ...(seed === undefined ? {} : { seed }) })
  return { fired, broken: result.failed ? (fc.defaultReportMessage(result) ?? 'failed') : null }
}
