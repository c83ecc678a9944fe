import { readdirSync } from 'node:fs'
import { root } from './root.ts'

const testsUnder = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, root), { encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .sort()
    .map(name => `${folder}/${name}`)

/** The test files that try mutants: those of `ir/` and `passes/`, and the laws on fewer graphs. */
export const suite = (): readonly string[] => [
  ...testsUnder('test/ir'),
  'test/mutation/laws.ts',
  ...testsUnder('test/passes'),
  'test/src/compile/inspect/law-table.test.ts',
]

/** What is loaded before any test file, to tell what happens there from what a test's fixtures do. */
export const sources: readonly string[] = [
  'ir/index.ts',
  'passes/index.ts',
  'src/compile/compile.ts',
  'src/network/zoo/index.ts',
]

/** Tests of how long something takes tell nothing about a mutant. */
export const isTried = (name: string): boolean => !/linear time|100,000 nodes|under a second/.test(name)

/** Tests that take seconds: they try only the mutants of the file that theirs is named after. */
const long =
  /^auto > (keeps the meaning|takes every kind)|^compile > cannot split|stores every parameter once|^taking stacks apart again > is flat/

/** Whether a test file is named after a source file. */
export const isNamedAfter = (test: string, source: string): boolean =>
  source.replace('/ops/', '/').replace('/rules/', '/') === test.replace(/^test\//, '').replace('.test.ts', '.ts')

/** What tests of whole networks find in `ir/`, the laws find in small graphs. */
const wholeNetworks = /^test\/passes\/(pipeline|choose-schedule|stack-variants)\.test\.ts$/

export const mayTry = (test: string, name: string, source: string): boolean =>
  isNamedAfter(test, source) || !(long.test(name) || (source.startsWith('ir/') && wholeNetworks.test(test)))
