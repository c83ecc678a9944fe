import type { Command } from 'commander'
import { nearestNames } from '../../ir/nearest.ts'
import { errorFlags, reportError } from './report-error.ts'
import type { Terminal } from './terminal.ts'

/** Flags that a command does not have, with the nearest that it has: a misspelt one is why another is missing. */
const misspelt = ({ options }: Command, args: readonly string[]): string => {
  const flags = options.map(({ long }) => long ?? '')
  return args
    .map(arg => arg.split('=')[0])
    .filter(arg => arg.startsWith('--') && !flags.includes(arg))
    .map(arg => `unknown option '${arg}', nearest: ${nearestNames(arg, flags).join(', ') || 'none'}\n`)
    .join('')
}

/** What commander says of arguments, and what it leaves out. */
const usageError = (text: string, program: Command, command: Command, args: readonly string[]): string => {
  const unknown = text.startsWith('error: required option') ? misspelt(command, args) : ''
  const called = command === program ? program.name() : `${program.name()} ${command.name()}`
  return `${text}${unknown}Try: ${called} --help\n`
}

/** Runs a command line to its end: whatever goes wrong is told on stderr, once, and becomes the exit code. */
export const runProgram = async (program: Command, terminal: Terminal): Promise<void> => {
  const { args, stdout, stderr } = terminal
  const flags = errorFlags(args)
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: stdout,
      writeErr: stderr,
      outputError: text => (flags.json ? undefined : stderr(usageError(text, program, command, args))),
    })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    terminal.exitWith(await reportError(error, flags, terminal))
  }
}
