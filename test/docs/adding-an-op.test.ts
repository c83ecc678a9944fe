import { execFile } from 'node:child_process'
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { beforeAll, expect, it } from 'vitest'
import { temporaryFolder } from '../temporary-folder.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** A block of the page: what goes into which files, and where there. */
interface Block {
  readonly files: readonly string[]
  readonly where: 'new' | 'after' | 'before' | 'in place of'
  readonly anchor: string
  readonly text: string
}

/** The blocks of a page, each after a line that ends with where it goes: "In `a.ts` and `b.ts`, after `a line`:". */
const blocksIn = (page: string): readonly Block[] => {
  const fenced = [...page.matchAll(/([^\n]*)\n\n```ts\n(.*?)```/gs)]
  return fenced.map(([, line, text]) => {
    const place = line.match(/In ((?:`[^`]+`(?:, | and )?)+?),? (?:(after|before|in place of) `([^`]+)`|a new file):$/)
    if (place === null) throw new Error(`no place in: ${line}`)
    const [, files, where = 'new', anchor = ''] = place
    return {
      files: [...files.matchAll(/`([^`]+)`/g)].map(([, file]) => file),
      where: where as Block['where'],
      anchor,
      text,
    }
  })
}

/** The text with a block put where the page says: beside the one line that begins with the anchor. */
const edited = (text: string, { where, anchor, text: block }: Block, file: string): string => {
  const lines = text.split('\n')
  const at = lines.findIndex(line => line.startsWith(anchor))
  if (at < 0 || lines.findLastIndex(line => line.startsWith(anchor)) !== at)
    throw new Error(`${file} has not one line that begins with ${anchor}`)
  lines.splice(where === 'after' ? at + 1 : at, where === 'in place of' ? 1 : 0, ...block.split('\n').slice(0, -1))
  return lines.join('\n')
}

/** Puts every block of a page into a copy of the code, in order. */
const follow = async (page: string, folder: string): Promise<void> => {
  for (const block of blocksIn(page))
    for (const file of block.files) {
      const path = join(folder, file)
      await writeFile(path, block.where === 'new' ? block.text : edited(await readFile(path, 'utf8'), block, file))
    }
}

const tests = ['arbitrary', 'laws', 'ir', 'passes', 'counted-work.ts', 'fixed-plan.ts', 'shared.ts'].map(
  part => `test/${part}`,
)
const copied = ['ir', 'passes', 'src', ...tests, 'package.json', 'tsconfig.json']

let page: string
let folder: string
beforeAll(async () => {
  page = await readFile(join(root, 'docs/adding-an-op.md'), 'utf8')
  folder = await temporaryFolder('adding-an-op')
  for (const part of copied) await cp(join(root, part), join(folder, part), { recursive: true })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(
    join(folder, 'vitest.config.ts'),
    'export default { test: { testTimeout: 60_000, isolate: false, maxWorkers: 1 } }\n',
  )
  await follow(page, folder)
})

/** What a program of node_modules says of the copy. @throws Error with that where it fails */
const inCopy = async (program: string, ...given: readonly string[]): Promise<string> => {
  try {
    const { stdout } = await run(process.execPath, [join(root, 'node_modules', program), ...given], { cwd: folder })
    return stdout
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${stdout}${stderr}`)
  }
}

it('what the page adds has the types that it needs', async () => {
  await inCopy('typescript/bin/tsc', '--noEmit')
})

/** The suites that are run in the copy, on what the page adds alone. */
const suites = ['laws/rules', 'passes/differentiate', 'ir/expression', 'arbitrary/ops']
const Told = t.type({
  testResults: t.array(t.type({ assertionResults: t.array(t.type({ fullName: t.string, status: t.string })) })),
})

it('what the page adds keeps the laws', async () => {
  const files = suites.map(suite => `test/${suite}.test.ts`)
  const reporters = ['--reporter=default', '--reporter=json', '--outputFile.json=told.json']
  await inCopy('vitest/vitest.mjs', 'run', ...reporters, ...files, '-t', 'log-sigmoid|PRelu|prelu')
  const told = Told.decode(JSON.parse(await readFile(join(folder, 'told.json'), 'utf8')))
  if (E.isLeft(told)) throw new Error('vitest told something else')
  const passed = told.right.testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName),
  )
  for (const law of [
    'every law holds under the precision it declares sink-through-prelu',
    'gradients agree with differences of the loss PRelu',
    'gradients agree with differences of the loss log-sigmoid with 0 and 0, at 0.7',
    'generated ops PRelu: valid, and finite on reals and on integers',
    'every law holds under the precision it declares spell-prelu',
  ])
    expect(passed).toContain(law)
})

it('the page counts the files of an op with weights', () => {
  const blocks = blocksIn(page.slice(page.indexOf('## An op with weights')))
  expect(page).toContain(`That is all: ${new Set(blocks.flatMap(({ files }) => files)).size} files.`)
})
