import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parsePlan } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { programFor } from '../../src/cli/espalier.ts'
import { agrees, rewritten, sessionsIn, showsOutput } from './sessions.ts'

const root = join(import.meta.dirname, '../..')
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)].filter(name =>
  name.endsWith('.md'),
)
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')

/** The words of a line of a shell up to its first operator, with its variables as numbers. */
const wordsOf = (line: string): readonly string[] => {
  const words = line.matchAll(/((?:'[^']*'|"[^"]*"|\\.|[^\s'"|&;<>#])+)|[|&;<>#].*$/g)
  return [...words]
    .map(([, word]) => word)
    .filter(word => word !== undefined)
    .map(word =>
      word
        .replaceAll(/\/\$\w+/g, '/8')
        .replaceAll(/\$\w+/g, '0')
        .replaceAll(/['"]/g, ''),
    )
}

/** The command lines of a page's blocks, without `espalier`. */
const commandLines = (page: string): readonly (readonly string[])[] =>
  [...textOf(page).matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    [...block.replaceAll('\\\n', ' ').matchAll(/^(?:\$ )?\s*(?:[A-Z_]+=\S+ )?(?:npx )?espalier (.*)$/gm)].map(
      ([, line]) => wordsOf(line),
    ),
  )

it('every command line of the pages is one that the program takes', async () => {
  const quiet = { stdout: () => {}, stderr: () => {}, interactive: false, exitWith: () => {} }
  const program = await programFor({ ...quiet, args: ['completion'] })
  const plans: string[] = []
  for (const command of [program, ...program.commands])
    command
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .action(() => void plans.push(...[command.opts().plan ?? []].flat()))
  const wrong: string[] = []
  for (const page of pages)
    for (const words of commandLines(page))
      await program
        .parseAsync(words, { from: 'user' })
        .catch(error => wrong.push(`${page}: ${words.join(' ')}: ${error.message}`))
  expect(wrong).toEqual([])
  expect(plans.length).toBeGreaterThan(20)
  for (const plan of plans.filter(plan => !plan.endsWith('.json'))) orThrow(parsePlan(plan))
})

it('what a page shows of a terminal is run by `npm run docs`, or it says when it was measured, or by which test it is run', () => {
  for (const page of pages) {
    expect(textOf(page), page).not.toMatch(/^```\n\$ /m)
    for (const { apart, text } of sessionsIn(textOf(page)).filter(showsOutput)) {
      const [, date, test] =
        /^(?:measured (\d{4}-\d\d-\d\d)|tested by (\S+))/.exec(apart ?? 'tested by package.json') ?? []
      expect(date !== undefined || existsSync(join(root, test)), `${page}: ${text}`).toBe(true)
    }
  }
})

it('`…` stands for any text of a line, and on a line of its own for any lines', () => {
  const [session] = sessionsIn('```console\n$ a \\\n  b\none … three\n…\nfive\n$ c\n$ d\nstale\n```\n')
  expect(session.steps.map(({ command }) => command)).toEqual(['a \\\n  b', 'c', 'd'])
  const [step] = session.steps
  for (const printed of ['one 2 three\nfive\n', 'one  three\nx\ny\nfive\n']) expect(agrees(step, printed)).toBe(true)
  for (const printed of ['one 2 four\nfive\n', 'one 2 three\nfive\nsix\n', ''])
    expect(agrees(step, printed)).toBe(false)
  expect(rewritten(session, ['one 2 three\nfive\n', 'unseen\n', 'new\n'])).toBe(
    '$ a \\\n  b\none … three\n…\nfive\n$ c\n$ d\nnew\n',
  )
})
