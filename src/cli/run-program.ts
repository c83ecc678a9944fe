import type { Command } from 'commander'
import { errorFlags, guardProcess, reportError } from './report-error.ts'

/** Runs a command line to its end: whatever goes wrong is told on stderr, once, and becomes the exit code. */
export const runProgram = async (program: Command): Promise<void> => {
  const flags = errorFlags(process.argv)
  guardProcess(flags)
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ outputError: (text, write) => (flags.json ? undefined : write(text)) })
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = await reportError(error, flags)
  }
}
