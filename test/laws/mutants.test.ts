import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkRule } from './check-rule.ts'
import { passLaw } from './laws.ts'
import { wrongPasses, wrongRules } from './mutants.ts'
import { plantedTable, unshrunk } from './planted.ts'
import { cutLaw, stagedLaw } from './stage-laws.ts'
import { wrongCuts, wrongStages } from './stage-mutants.ts'

const page = new URL('../../docs/mutation.md', import.meta.url)

const blind = { graph: () => {}, fired: () => {} }

/** Where a mistake was found, it was in the values, the types or the cost, and not in how the mistake was made. */
const found = /apart where|deep-equal|saw|multiply-adds|second run/

describe('the checks of the laws find planted mistakes', () => {
  it.each(wrongRules)('in a rule: %s', (_, rule) => {
    expect(checkRule(rule, 'reals', { firings: 400 }).broken).toMatch(found)
  })

  it.each(wrongPasses)('in a pass: %s', (_, pass) => {
    expect(passLaw(pass).broken('reals', 400, blind)).toMatch(found)
  })

  it.each(wrongStages)('in a pass over stages: %s', (_, pass) => {
    expect(unshrunk(() => stagedLaw(pass.name, [pass]).broken('reals', 400, blind))).toMatch(found)
  })

  it.each(wrongCuts)('in a cut into stages: %s', (_, cut) => {
    expect(unshrunk(() => cutLaw(cut).broken('reals', 1200, blind))).toMatch(found)
  })
})

it('docs/mutation.md says what found each', () => {
  const text = readFileSync(page, 'utf8')
  const [before, , after] = text.split(/(?<=<!-- planted -->\n)|(?=<!-- end of planted -->)/)
  const wanted = `${before}\n${plantedTable()}\n\n${after}`
  if (process.env.ACCEPT === '1') writeFileSync(page, wanted)
  expect(readFileSync(page, 'utf8')).toBe(wanted)
})
