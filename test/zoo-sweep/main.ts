import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type Finding, isFlipFree, isRight } from './finding.ts'
import { page } from './table.ts'

/** `npm run zoo-sweep -- FOLDER`: every ONNX file of a folder, and every Keras model, is imported, compared with onnxruntime or Keras, and written into docs/zoos.md. */
const usage = `npm run zoo-sweep -- FOLDER [--again] [--only TEXT] [--page FILE]
  FOLDER   files that test/zoo-sweep/export.py and export_keras.py wrote
  --again  check what findings.json in the folder knows too
  --only   files with this text in their names alone
  --page   where the table goes (docs/zoos.md)
`

const run = promisify(execFile)
const one = join(import.meta.dirname, 'one.ts')

const checked = async (file: string): Promise<Finding> => {
  try {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', one, file], { timeout: 300_000 })
    return JSON.parse(stdout)
  } catch (error) {
    return { imported: false, reason: (error as Error).message.split('\n').slice(-3).join(' ') }
  }
}

const shown = (name: string, finding: Finding): string => {
  const state = finding.imported ? (isRight(finding) ? 'right' : 'wrong') : 'refused'
  const acts = isRight(finding) && !isFlipFree(finding) ? `, ${finding.acts} flips on maps` : ''
  return `${name}: ${state}${acts}${finding.reason === undefined ? '' : `: ${finding.reason.split('\n')[0]}`}\n`
}

/** What follows the tables of a page that is there: it is written by hand. */
const textOf = async (path: string): Promise<string> => {
  const old = existsSync(path) ? await readFile(path, 'utf8') : ''
  return old.slice(Math.max(old.indexOf('## What is left'), 0))
}

const sweep = async (folder: string, only: string, again: boolean, to: string): Promise<void> => {
  const kept = join(folder, 'findings.json')
  const findings: Record<string, Finding> = existsSync(kept) ? JSON.parse(await readFile(kept, 'utf8')) : {}
  const names = (await readdir(folder)).filter(name => /\.(onnx|keras\d)$/.test(name) && name.includes(only)).sort()
  for (const file of names) {
    const name = basename(file, '.onnx')
    if (findings[name] !== undefined && !again) continue
    findings[name] = await checked(join(folder, file))
    process.stdout.write(shown(name, findings[name]))
    await writeFile(kept, `${JSON.stringify(findings, null, 1)}\n`)
  }
  await writeFile(to, page(findings, await textOf(to)))
}

const given = () => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        again: { type: 'boolean', default: false },
        only: { type: 'string', default: '' },
        page: { type: 'string', default: 'docs/zoos.md' },
      },
    })
    return positionals.length === 1 ? { ...values, folder: positionals[0] } : null
  } catch {
    return null
  }
}

const options = given()
if (options === null) {
  process.stderr.write(usage)
  process.exitCode = 2
} else await sweep(options.folder, options.only, options.again, options.page)
