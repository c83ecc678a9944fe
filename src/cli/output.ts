import { EspalierError, type Problem, renderProblems, visibleLines } from '../../ir/index.ts'
import { type PassFailure, writeReproducer } from '../inspect/index.ts'

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

export const output = (options: CommonOptions): Output => ({
  result: (json, text) => {
    process.stdout.write(`${options.json === true ? JSON.stringify(json) : visibleLines(text().trimEnd())}\n`)
  },
  note: line => {
    if (options.quiet !== true) process.stderr.write(`${visibleLines(line)}\n`)
  },
  interactive: options.quiet !== true && process.stderr.isTTY === true,
})

/** Exit codes: 0 done, 1 failed, 2 usage or input. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const

/** A failure that is nobody's input error: a backend that breaks, a disk that is full. */
export const failure = (problems: readonly Problem[]): EspalierError => new EspalierError(problems, 'failure')

/** Says on stderr what went wrong, without a stack unless asked, and gives the exit code. */
export const reportError = (error: unknown, debug: boolean): number => {
  if (error instanceof EspalierError) {
    process.stderr.write(`espalier: ${renderProblems(error.problems)}\n`)
    if (debug) process.stderr.write(`${error.stack}\n`)
    return error.kind === 'usage' ? exitCodes.usage : exitCodes.failed
  }
  process.stderr.write(`espalier: ${visibleLines(error instanceof Error ? error.message : String(error))}\n`)
  process.stderr.write(
    debug && error instanceof Error ? `${error.stack}\n` : 'This is a bug or a failing machine; --debug shows where.\n',
  )
  return exitCodes.failed
}

/** Leaves a file with what it takes to see a pass fail again, and says on stderr how. */
export const reportReproducer = async ({ reproducer }: PassFailure): Promise<void> => {
  const path = await writeReproducer(reproducer)
  process.stderr.write(`Wrote ${path}. To see it again: espalier reduce --graph ${path} --replay\n`)
}
