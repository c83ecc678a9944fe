import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type ProblemTag, problemKinds, problemNumber, retiredNumbers } from '../../../ir/index.ts'
import { errorsPage } from '../../../src/report/errors-page.ts'

const root = new URL('../../../', import.meta.url)
const page = new URL('docs/errors.md', root)
const tags = Object.keys(problemKinds) as readonly ProblemTag[]
const numbers = tags.map(tag => problemKinds[tag].number)

it('no number stands for two kinds, nor for one that is gone', () => {
  expect(new Set([...numbers, ...retiredNumbers]).size).toBe(numbers.length + retiredNumbers.length)
})

it('a kind keeps its number: what docs/errors.md says is still so, or its number is retired', () => {
  for (const [, number, tag] of readFileSync(page, 'utf8').matchAll(/^## E(\d{3}) (\S+)$/gm))
    expect(retiredNumbers.includes(Number(number)) || problemNumber(tag as ProblemTag) === `E${number}`).toBe(true)
})

it('docs/errors.md is what the kinds say', () => {
  if (process.env.ACCEPT === '1') writeFileSync(page, errorsPage())
  expect(readFileSync(page, 'utf8')).toBe(errorsPage())
})

it('every kind is one that the code knows', () => {
  const sources = ['ir', 'passes', 'src'].flatMap(folder =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.ts') && !name.endsWith('problem-kinds.ts'))
      .map(name => readFileSync(new URL(`${folder}/${name}`, root), 'utf8')),
  )
  const code = sources.join('\n')
  expect(tags.filter(tag => !code.includes(`'${tag}'`))).toEqual([])
})
