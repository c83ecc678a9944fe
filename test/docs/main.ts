import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { lawsPage } from '../../src/compile/inspect/index.ts'
import { errorsPage } from '../../src/report/errors-page.ts'
import { rewritten, type Session, sessionsIn, showsOutput } from './sessions.ts'

/** `npm run docs`: the pages that are made from the code, and what others show of a terminal, as they are now. */
const usage = `npm run docs -- [--check] [--only TEXT]
  --check  write nothing, say what is stale, and exit with 1 where something is
  --only   pages with this text in their names alone
A block of the kind console that shows what its commands print is run, in an empty folder with test/ and docs/ beside it.
Above one that is not run stands a comment: <!-- measured DATE: … --> or <!-- tested by FILE -->.
`

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** Pages that are made from the code alone. */
const made: Readonly<Record<string, () => string>> = { 'docs/laws.md': lawsPage, 'docs/errors.md': errorsPage }

/** What a line prints in bash, where `espalier` is these sources and nothing was calibrated: on both streams, without spaces at the ends of lines. */
const printedBy = async (command: string, folder: string): Promise<string> => {
  const call = `node --import '${import.meta.resolve('tsx')}' '${join(root, 'src/cli/main.ts')}'`
  const script = `espalier() { ${call} "$@"; }; npx() { "$@"; }; { ${command}\n} 2>&1 || true`
  const env = { ...process.env, ESPALIER_CACHE: join(folder, '.cache') }
  const { stdout } = await run('bash', ['-c', script], { cwd: folder, env, maxBuffer: 2 ** 28 })
  return stdout.replaceAll(/ +$/gm, '')
}

const played = async (session: Session): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-docs-'))
  try {
    for (const name of ['test', 'docs']) await symlink(join(root, name), join(folder, name))
    const printed: string[] = []
    for (const { command } of session.steps) printed.push(await printedBy(command, folder))
    return rewritten(session, printed)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A page as it is now. */
const renewed = async (name: string, page: string): Promise<string> => {
  if (made[name] !== undefined) return made[name]()
  let now = page
  for (const session of sessionsIn(page))
    if (session.apart === undefined && showsOutput(session)) {
      const text = await played(session)
      now = now.replace(session.text, () => text)
    }
  return now
}

const renew = async (check: boolean, only: string): Promise<void> => {
  const pages = ['README.md', ...(await readdir(join(root, 'docs'))).map(name => `docs/${name}`)]
  for (const name of pages.filter(name => name.endsWith('.md') && name.includes(only))) {
    const path = join(root, name)
    const page = await readFile(path, 'utf8')
    const now = await renewed(name, page)
    if (now === page) continue
    process.stdout.write(`${name} ${check ? 'is stale' : 'is written anew'}.\n`)
    if (check) process.exitCode = 1
    else await writeFile(path, now)
  }
}

const given = () => {
  try {
    return parseArgs({ options: { check: { type: 'boolean', default: false }, only: { type: 'string', default: '' } } })
      .values
  } catch {
    return undefined
  }
}
const flags = given()
if (flags === undefined) {
  process.stderr.write(usage)
  process.exitCode = 2
} else await renew(flags.check, flags.only)
