import type { Command } from 'commander'
import { errorFlags, reportError } from './report-error.ts'
import type { Terminal } from './terminal.ts'

/** Runs a command line to its end: whatever goes wrong is told on stderr, once, and becomes the exit code. */
export const runProgram = async (program: Command, terminal: Terminal): Promise<void> => {
  const flags = errorFlags(terminal.args)
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: terminal.stdout,
      writeErr: terminal.stderr,
      outputError: text => (flags.json ? undefined : terminal.stderr(text)),
    })
  try {
    await program.parseAsync(terminal.args, { from: 'user' })
  } catch (error) {
    terminal.exitWith(await reportError(error, flags, terminal))
  }
}
