import { describe, expect, it } from 'vitest'
import { allRules } from '../../passes/index.ts'
import { branchCases, coverage, networkCases, transformCases } from '../arbitrary/coverage.ts'
import { laws } from './laws.ts'

/** How many graphs are drawn for each law and each kind of values. */
const graphs = 300
const covered = coverage()
const counts = new Map<string, number>()
const observer = {
  graph: covered.add,
  fired: (rewrites: Readonly<Record<string, number>>) => {
    for (const [rule, times] of Object.entries(rewrites)) counts.set(rule, (counts.get(rule) ?? 0) + times)
  },
}

describe.each(['integers', 'reals'] as const)('passes preserve meaning on %s', kind => {
  it.each(laws.map(law => [law.name, law] as const))('%s', (_, law) => {
    expect(law.broken(kind, graphs, observer)).toBeNull()
  })
})

describe('the laws above', () => {
  it('saw every nasty case often enough', () => {
    covered.expectCovered(20, [...networkCases, ...transformCases, ...branchCases])
  })

  it('saw every rule fire in whole graphs (rules.test.ts has each fire 60 times in graphs of its own)', () => {
    const names = new Set([...allRules.map(rule => rule.name), ...counts.keys()])
    const rare = [...names].map(name => [name, counts.get(name) ?? 0] as const).filter(([, times]) => times < 20)
    expect(rare).toEqual([])
  })
})
