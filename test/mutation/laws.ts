import { describe, expect, it } from 'vitest'
import { allRules } from '../../passes/index.ts'
import { checkRule } from '../laws/check-rule.ts'
import { laws } from '../laws/laws.ts'

const observer = { graph: () => {}, fired: () => {} }

/** Fewer graphs than `npm test` draws, and always the same ones. */
describe.each(['integers', 'reals'] as const)('on %s', kind => {
  it.each(allRules.map(rule => [rule.name, rule] as const))('%s holds', (_, rule) => {
    const { fired, broken } = checkRule(rule, kind, { firings: 20 })
    expect(broken).toBeNull()
    expect(fired).toBeGreaterThanOrEqual(20)
  })

  it.each(laws.map(law => [law.name, law] as const))('%s', (_, law) => {
    expect(law.broken(kind, 10, observer, 1)).toBeNull()
  })
})
