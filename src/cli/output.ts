import { EspalierError, type Problem } from '../../ir/error.ts'
import { visibleLines } from '../../ir/visible.ts'
import type { Terminal } from './terminal.ts'

/** Options that every command has. */
export interface CommonOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly debug?: boolean
  readonly seed: number
}

/** Where a command speaks: results on stdout, all else on stderr. */
export interface Output {
  /** The command's result: one JSON object under `--json`, else text. Called once. */
  readonly result: (json: object, text: () => string) => void
  /** A line for people, unless `--quiet`. */
  readonly note: (line: string) => void
  /** Whether progress bars make sense: a terminal, and not `--quiet`. */
  readonly interactive: boolean
}

/** The output of a command that is called from a terminal. */
export interface CommandOutput extends Output {
  readonly terminal: Terminal
}

export const output = (options: CommonOptions, terminal: Terminal): CommandOutput => ({
  terminal,
  result: (json, text) =>
    terminal.stdout(`${options.json === true ? JSON.stringify(json) : visibleLines(text().trimEnd())}\n`),
  note: line => {
    if (options.quiet !== true) terminal.stderr(`${visibleLines(line)}\n`)
  },
  interactive: options.quiet !== true && terminal.interactive,
})

/** Exit codes: 0 done, 1 failed, 2 usage or input; 141 as of a program that SIGPIPE ends, where nobody reads the result to its end. */
export const exitCodes = { done: 0, failed: 1, usage: 2, unread: 141 } as const

/** A failure that is nobody's input error: a backend that breaks, a disk that is full. */
export const failure = (problems: readonly Problem[]): EspalierError => new EspalierError(problems, 'failure')
