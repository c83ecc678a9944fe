import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const pages = [
  'README.md',
  'docs/api.md',
  'docs/compiling.md',
  'docs/plans.md',
  'docs/executors.md',
  'docs/experiments.md',
  'docs/training.md',
]

interface Example {
  readonly name: string
  readonly code: string
  /** What its `console.log(…) // …` lines promise. */
  readonly promises: readonly string[]
}

const withoutSpaces = (line: string): string => line.replace(/\s/g, '')

const examplesIn = async (page: string): Promise<readonly Example[]> => {
  const text = await readFile(join(root, page), 'utf8')
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code], k) => ({
    name: `${page.replace(/\W/g, '-')}-${k + 1}`,
    code,
    promises: [...code.matchAll(/^ *console\.log\(.*\) +\/\/ (.*)$/gm)].map(([, promise]) => withoutSpaces(promise)),
  }))
}

const examples = (await Promise.all(pages.map(examplesIn))).flat()
/** Examples import `espalier` as users do; here, and where Vitest runs them, it is the source. */
const compilerOptions = {
  paths: {
    espalier: ['../../src/index.ts'],
    'espalier/ir': ['../../ir/index.ts'],
    'espalier/passes': ['../../passes/index.ts'],
  },
  rootDir: '../..',
  noEmit: true,
  allowJs: true,
  checkJs: true,
}

let folder = ''
beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true })
  folder = await mkdtemp(join(root, '.cache/examples-'))
  const config = { extends: '../../tsconfig.json', compilerOptions, include: ['*.ts', '../../examples/*.js'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  for (const { name, code } of examples) await writeFile(join(folder, `${name}.ts`), `${code}export {}\n`)
  process.chdir(folder)
})
afterEach(() => vi.restoreAllMocks())
afterAll(() => {
  process.chdir(root)
  return rm(folder, { recursive: true, force: true })
})

describe('the examples of README and docs', () => {
  it('are there', () => {
    for (const page of pages)
      expect(examples.filter(({ name }) => name.startsWith(page.replace(/\W/g, '-')))).not.toEqual([])
  })

  it('are well typed', async () => {
    const tsc = join(root, 'node_modules/.bin/tsc')
    await run(tsc, ['-p', join(folder, 'tsconfig.json')]).catch(({ stdout }) => expect.fail(stdout))
  })

  for (const { name, promises } of examples)
    it(`${name} runs and prints what it says`, async () => {
      let printed = ''
      vi.spyOn(console, 'log').mockImplementation((...values) => {
        printed += `${format(...values)}\n`
      })
      await import(join(folder, `${name}.ts`))
      expect(printed.split('\n').map(withoutSpaces)).toEqual(expect.arrayContaining([...promises]))
    })
})
