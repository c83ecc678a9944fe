import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { allRules, printLaw } from '../../../../passes/index.ts'
import { lawsPage, lawTable } from '../../../../src/compile/inspect/index.ts'

const page = new URL('../../../../docs/laws.md', import.meta.url)

it('docs/laws.md is what the rules say', () => {
  if (process.env.ACCEPT === '1') writeFileSync(page, lawsPage())
  expect(readFileSync(page, 'utf8')).toBe(lawsPage())
})

it('the table has every rule, its law and its side condition apart', () => {
  expect(lawTable.map(({ name }) => name)).toEqual(allRules.map(({ name }) => name))
  for (const { law } of lawTable) expect(law).not.toContain('  when ')
  expect(lawTable.map(({ law, condition }) => (condition === null ? law : `${law}  when ${condition}`))).toEqual(
    allRules.map(printLaw),
  )
})
