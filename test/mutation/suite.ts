import { readdirSync } from 'node:fs'
import { root } from './root.ts'

const testsUnder = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, root), { encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => `${folder}/${name}`)

/** What is loaded before any test file, to tell what happens there from what a test's fixtures do. */
export const sources: readonly string[] = ['ir/index.ts', 'passes/index.ts', 'src/compile.ts', 'src/zoo/index.ts']

/** Test files whose work another entry does in less time: laws on fewer graphs, and mistakes that are planted here already. */
const elsewhere: readonly string[] = ['test/laws/passes.test.ts', 'test/laws/mutants.test.ts']

/** The test files that try mutants: those of `ir/` and `passes/`, and the laws. */
export const suite = (): readonly string[] => [
  ...['test/ir', 'test/passes', 'test/laws'].flatMap(testsUnder).filter(f => !elsewhere.includes(f)),
  'test/mutation/laws.ts',
  'test/src/inspect/law-table.test.ts',
]

/** Tests of how long something takes, which tell nothing about a mutant, and tests that take seconds. */
const leftOut =
  /linear time|under a second|^auto > (keeps the meaning|takes every kind)|^compile > cannot split|stores every parameter once|^taking stacks apart again > is flat/

export const isTried = (name: string): boolean => !leftOut.test(name)

/** Whether a test file is named after a source file. */
export const isNamedAfter = (test: string, source: string): boolean =>
  source.replace('/ops/', '/').replace('/rules/', '/') === test.replace(/^test\//, '').replace('.test.ts', '.ts')
