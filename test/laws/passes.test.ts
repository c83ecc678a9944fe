import { describe, expect, it } from 'vitest'
import { allRules } from '../../passes/index.ts'
import { branchCases, coverage, networkCases, transformCases } from '../arbitrary/coverage.ts'
import { laws } from './laws.ts'

/** How many graphs are drawn for each law and each kind of values, the same in every run; `npm run laws` draws others, as many as one likes. */
const graphs = 180
const covered = coverage()
const counts = new Map<string, number>()
const observer = {
  graph: covered.add,
  fired: (rewrites: Readonly<Record<string, number>>) => {
    for (const [rule, times] of Object.entries(rewrites)) counts.set(rule, (counts.get(rule) ?? 0) + times)
  },
}

describe.each(['integers', 'reals'] as const)('passes preserve meaning on %s', kind => {
  it.each(laws.map((law, seed) => [law.name, law, seed] as const))('%s', (_, law, seed) => {
    expect(law.broken(kind, graphs, observer, seed)).toBeNull()
  })
})

describe('the laws above', () => {
  it('saw every nasty case often enough', () => {
    covered.expectCovered(20, [...networkCases, ...transformCases, ...branchCases])
  })

  it('saw every rule fire in whole graphs (rules.test.ts has each fire 60 times in graphs of its own)', () => {
    const names = [...allRules.map(({ name }) => name), ...counts.keys()]
    const silent = names.filter(name => (counts.get(name) ?? 0) === 0)
    expect(silent).toEqual([])
  })
})
