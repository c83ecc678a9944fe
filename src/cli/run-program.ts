import { type Command, CommanderError } from 'commander'
import { nearestHint } from '../../ir/nearest.ts'
import { errorFlags, reportError } from './report-error.ts'
import type { Terminal } from './terminal.ts'

/** What commander leaves out where an option is missing: flags that the command does not have. A misspelt one is why. */
const leftOut = (message: string, { options }: Command, args: readonly string[]): string => {
  if (!message.startsWith('error: required option')) return ''
  const flags = options.map(({ long }) => long ?? '')
  const nearest = (arg: string): string => {
    const hint = nearestHint(arg, flags)
    return hint === undefined ? '' : `\n(Did you mean ${hint}?)`
  }
  return args
    .map(arg => arg.split('=')[0])
    .filter(arg => arg.startsWith('--') && !flags.includes(arg))
    .map(arg => `\nunknown option '${arg}'${nearest(arg)}`)
    .join('')
}

/** Runs a command line to its end: whatever goes wrong is told on stderr, once, and becomes the exit code. */
export const runProgram = async (program: Command, terminal: Terminal): Promise<void> => {
  const { args, stdout, stderr } = terminal
  const flags = errorFlags(args)
  for (const command of [program, ...program.commands]) {
    const called = command === program ? program.name() : `${program.name()} ${command.name()}`
    const whole = (message: string): string => `${message}${leftOut(message, command, args)}`
    command
      .exitOverride(({ exitCode, code, message }) => {
        throw new CommanderError(exitCode, code, whole(message))
      })
      .configureOutput({
        writeOut: stdout,
        writeErr: stderr,
        outputError: text => (flags.json ? undefined : stderr(`${whole(text.trimEnd())}\nTry: ${called} --help\n`)),
      })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    terminal.exitWith(await reportError(error, flags, terminal))
  }
}
