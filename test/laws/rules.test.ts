import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allRules, printLaw, type Rule, rewrite } from '../../passes/index.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { environmentOf, type ValueKind } from '../arbitrary/environment.ts'
import { drawMatch } from '../arbitrary/match.ts'
import { expectSameMeaning } from './agreement.ts'

/** How often every rule must fire, and how many graphs may be drawn for that. */
const firings = 60
const drawsAtMost = 3000

/** Draws graphs that the rule's left side matches until it has fired often enough, and checks each rewriting. */
const checkRule = (rule: Rule, kind: ValueKind): number => {
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
    fired += times
  })
  fc.assert(property, { numRuns: drawsAtMost })
  return fired
}

describe('every law holds under the precision it declares', () => {
  it.each(allRules.map(rule => [rule.name, rule] as const))('%s', (_, rule) => {
    expect(checkRule(rule, 'reals')).toBeGreaterThanOrEqual(firings)
    expect(checkRule(rule, 'integers')).toBeGreaterThanOrEqual(firings)
  })

  it('has a name and a text of its own', () => {
    expect(new Set(allRules.map(rule => rule.name)).size).toBe(allRules.length)
    for (const rule of allRules) expect(printLaw(rule)).toContain(' = ')
  })
})
