import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inject } from 'vitest'
import { renderProblems } from '../../../ir/index.ts'
import { inProcess } from './in-process.ts'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  /** An error under `--json` is the text that it is without it. */
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Resolves when the process is to be interrupted. */
  readonly interrupt?: (pid: number) => Promise<void>
  /** How. Default SIGINT, as Ctrl-C does. */
  readonly signal?: NodeJS.Signals
}

const asText = (stderr: string): string =>
  stderr.replace(/^\{"error":.*\}$/m, line => `espalier: ${renderProblems(JSON.parse(line).error.problems)}`)

/** The command line of these sources, in this process. */
export const espalier = async (args: readonly string[]): Promise<Ran> => {
  const ran = await inProcess(args)
  return { ...ran, stderr: asText(ran.stderr) }
}

/** These sources, built into a package of their own, once for all test files. */
export const builtPackage = async (): Promise<string> => {
  const folder = inject('builtPackage')
  const done = join(folder, 'built')
  const first = await mkdir(join(folder, 'dist')).then(
    () => true,
    () => false,
  )
  if (!first) {
    while (!existsSync(done)) await wait(50)
    return folder
  }
  for (const name of ['package.json', 'node_modules', 'dist/native', 'dist/page'])
    if (existsSync(join(repository, name))) await symlink(join(repository, name), join(folder, name))
  const build = ['-p', join(repository, 'tsconfig.build.json'), '--noCheck', '--outDir', join(folder, 'dist')]
  await promisify(execFile)(join(repository, 'node_modules/.bin/tsc'), build)
  await writeFile(done, '')
  return folder
}

/** The environment in which a process interrupts itself once a file has so many lines: on no machine has it ended by then. */
export const interruptedAt = (path: string, lines: number): Readonly<Record<string, string>> => {
  const program = `
    import { existsSync, readFileSync } from 'node:fs'
    import { isMainThread } from 'node:worker_threads'
    const path = ${JSON.stringify(path)}
    const look = () => {
      if (!existsSync(path) || readFileSync(path, 'utf8').split('\\n').length <= ${lines}) return
      clearInterval(timer)
      process.kill(process.pid, 'SIGINT')
    }
    const timer = isMainThread ? setInterval(look, 1).unref() : undefined`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` }
}

/** The command line as it is installed, in a process of its own: for signals, the environment, and what a process leaves behind. */
export const spawned = async (
  args: readonly string[],
  { env = {}, interrupt, signal = 'SIGINT' }: RunOptions = {},
): Promise<Ran> => {
  const main = join(await builtPackage(), 'dist/src/cli/main.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env } })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => {
      stdout += chunk
    })
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr: asText(stderr) }))
    if (interrupt !== undefined && child.pid !== undefined) interrupt(child.pid).then(() => child.kill(signal), reject)
  })
}
