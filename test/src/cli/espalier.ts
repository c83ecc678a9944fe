import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { renderProblems } from '../../../ir/index.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

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

export type Espalier = (args: readonly string[], options?: RunOptions) => Promise<Ran>

const asText = (stderr: string): string =>
  stderr.replace(/^\{"error":.*\}$/m, line => `espalier: ${renderProblems(JSON.parse(line).error.problems)}`)

/** The command line as it is installed: these sources, built into a package of their own, each call a process. */
export const builtEspalier = async (): Promise<Espalier> => {
  const folder = await temporaryFolder('package')
  await mkdir(join(folder, 'dist'))
  for (const name of ['package.json', 'node_modules', 'dist/native', 'dist/page'])
    if (existsSync(join(repository, name))) await symlink(join(repository, name), join(folder, name))
  const build = ['-p', join(repository, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')]
  await promisify(execFile)(join(repository, 'node_modules/.bin/tsc'), build)
  return (args, { env = {}, interrupt, signal = 'SIGINT' } = {}) =>
    new Promise((resolve, reject) => {
      const main = join(folder, 'dist/src/cli/main.js')
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
      if (interrupt !== undefined && child.pid !== undefined)
        interrupt(child.pid).then(() => child.kill(signal), reject)
    })
}
