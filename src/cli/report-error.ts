import { CommanderError } from 'commander'
import { EspalierError, type Problem, problem, renderProblems } from '../../ir/error.ts'
import { problemNumber } from '../../ir/problem-kinds.ts'
import { visibleLines } from '../../ir/visible.ts'
import { cannotWrite } from '../base/error.ts'
import { fileReason } from '../base/file-error.ts'
import { isWarning } from '../base/warn.ts'
import type { PassFailure } from '../compile/inspect/index.ts'
import { exitCodes } from './output.ts'
import type { Terminal } from './terminal.ts'

/** How errors are told: as text, or as one JSON object on a line; with the stack or without; and whether notes are. */
export interface ErrorFlags {
  readonly json: boolean
  readonly debug: boolean
  readonly quiet: boolean
}

/** The flags of a command line that may be too wrong to be parsed. */
export const errorFlags = (args: readonly string[]): ErrorFlags => ({
  json: args.includes('--json'),
  debug: args.includes('--debug'),
  quiet: args.includes('--quiet'),
})

interface Told {
  readonly kind: 'usage' | 'failure'
  readonly problems: readonly Problem[]
  /** What a person reads. */
  readonly text: string
}

const suggestion = /\n\(Did you mean (.*)\?\)/g

/** What more can be read of these kinds of problems. */
const explained = (problems: readonly Problem[]): string =>
  [...new Set(problems.map(({ tag }) => problemNumber(tag)))]
    .map(number => `More: espalier explain ${number}\n`)
    .join('')

/** What commander says of arguments, as a problem. */
const argumentsProblem = ({ message }: CommanderError): Problem =>
  problem(
    'bad-arguments',
    'the command line',
    message
      .replaceAll(suggestion, '')
      .replace(/^error: /, '')
      .replaceAll('\n', ', '),
    'arguments that --help lists',
    [...message.matchAll(suggestion)].map(([, name]) => name).join(', ') || undefined,
  )

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error

const toldOf = (error: unknown): Told => {
  if (error instanceof EspalierError) {
    const { kind, problems } = error
    return { kind, problems, text: `espalier: ${renderProblems(problems)}\n${explained(problems)}` }
  }
  // Commander has written its text itself.
  if (error instanceof CommanderError) return { kind: 'usage', problems: [argumentsProblem(error)], text: '' }
  if (isSystemError(error)) {
    const where = error.path ?? error.syscall ?? 'the system'
    const problems = [problem('system-error', where, fileReason(error), 'a machine that does what it is asked to')]
    return { kind: 'failure', problems, text: `espalier: ${renderProblems(problems)}\n${explained(problems)}` }
  }
  const message = error instanceof Error ? error.message : String(error)
  const said = 'This is a bug or a failing machine; --debug shows where.'
  return {
    kind: 'failure',
    problems: [problem('unexpected', 'espalier', message, 'no error: this is a bug or a failing machine', '--debug')],
    text: `espalier: ${visibleLines(message)}\n${said}\n`,
  }
}

const isPassFailure = (error: unknown): error is PassFailure => error instanceof EspalierError && 'reproducer' in error

/** Leaves a file with what it takes to see a pass fail again, where one can be written. */
const reproducerOf = async (error: unknown): Promise<string | undefined> => {
  if (!isPassFailure(error)) return undefined
  const { writeReproducer } = await import('../compile/inspect/index.ts')
  return writeReproducer(error.reproducer).catch(() => undefined)
}

const textOf = ({ text }: Told, stack: string | undefined, reproducer: string | undefined): string =>
  [
    text,
    stack === undefined ? '' : `${stack}\n`,
    reproducer === undefined
      ? ''
      : `Wrote ${reproducer}. To see it again: espalier reduce --graph ${reproducer} --replay\n`,
  ].join('')

/** Says on stderr what went wrong, without a stack unless asked, and gives the exit code. */
export const reportError = async (
  error: unknown,
  { json, debug }: Omit<ErrorFlags, 'quiet'>,
  { stderr }: Pick<Terminal, 'stderr'>,
): Promise<number> => {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
  const told = toldOf(error)
  const stack = debug && error instanceof Error ? error.stack : undefined
  const reproducer = await reproducerOf(error)
  const { kind, problems } = told
  const numbered = problems.map(each => ({ number: problemNumber(each.tag), ...each }))
  const object = { error: { kind, problems: numbered, reproducer, stack } }
  stderr(json ? `${JSON.stringify(object)}\n` : textOf(told, stack, reproducer))
  return kind === 'usage' ? exitCodes.usage : exitCodes.failed
}

/** Warnings of our own are notes like others; what Node does with the rest it still does. */
const noteWarnings = (quiet: boolean): void => {
  const others = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (!isWarning(warning)) for (const other of others) other.call(process, warning)
    else if (!quiet) process.stderr.write(`${warning.message}\n`)
  })
}

/**
 * Sees to what no command waits for: results that cannot be written, or that nobody reads to their end, which is no error to speak of;
 * notes that cannot be written, which nothing depends on; and errors that nothing caught.
 */
export const guardProcess = (terminal: Terminal): void => {
  const flags = errorFlags(terminal.args)
  const end = async (error: unknown): Promise<void> => process.exit(await reportError(error, flags, terminal))
  noteWarnings(flags.quiet)
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'EPIPE' ? process.exit(exitCodes.unread) : end(cannotWrite('stdout', error)),
  )
  process.on('uncaughtException', end)
}
