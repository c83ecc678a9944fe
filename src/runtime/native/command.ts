import { spawn } from 'node:child_process'
import { either as E } from 'fp-ts'

export interface CommandFailure {
  /** The exit code, or the system's word for why it did not start (`ENOENT`) or stopped (`SIGINT`). */
  readonly code: number | string
  readonly output: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

/** Runs a program to its end; right: all it printed, left: how it failed. */
export const command = (
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<E.Either<CommandFailure, string>> =>
  new Promise(resolve => {
    const chunks: Buffer[] = []
    const output = () => Buffer.concat(chunks).toString('utf8')
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', chunk => chunks.push(chunk))
    child.stderr.on('data', chunk => chunks.push(chunk))
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(E.left({ code: error.code ?? error.name, output: output() || error.message })),
    )
    child.on('close', (code, signal) =>
      resolve(code === 0 ? E.right(output()) : E.left({ code: code ?? signal ?? 'unknown', output: output() })),
    )
  })

/** The last lines of what a program printed, where its reason usually is. */
export const lastLines = (output: string, count = 4): string => output.trimEnd().split('\n').slice(-count).join('\n  ')
