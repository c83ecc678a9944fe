import { describe, expect, it } from 'vitest'
import { allRules, printLaw } from '../../passes/index.ts'
import { checkRule } from './check-rule.ts'

/** How often every rule must fire on each kind of values. */
const firings = 60

describe('every law holds under the precision it declares', () => {
  it.each(allRules.map(rule => [rule.name, rule] as const))('%s', (_, rule) => {
    for (const kind of ['reals', 'integers'] as const) {
      const { fired, broken } = checkRule(rule, kind, { firings })
      expect(broken).toBeNull()
      expect(fired).toBeGreaterThanOrEqual(firings)
    }
  })

  it('has a name and a text of its own', () => {
    expect(new Set(allRules.map(rule => rule.name)).size).toBe(allRules.length)
    expect(new Set(allRules.map(printLaw)).size).toBe(allRules.length)
    for (const rule of allRules) {
      const [law, when] = printLaw(rule).split('  when ')
      const [left, right, ...more] = law.split(' = ')
      expect([when, more]).toEqual([rule.when?.text, []])
      expect(right.length).toBeGreaterThan(0)
      expect(right).not.toBe(left)
    }
  })
})
