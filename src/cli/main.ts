#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { packageVersion } from '../runtime/native/layout.ts'
import { compileCommand } from './compile.ts'
import { doctorCommand } from './doctor.ts'
import { exitCodes, reportError } from './output.ts'
import { runCommand } from './run.ts'
import { setupCommand } from './setup.ts'

const program = new Command('espalier')
  .description(
    'Augmentation inside convolutional networks: branch at inner feature maps, share the prefix, fuse the flips into the weights.',
  )
  .version(packageVersion)
  .showSuggestionAfterError(true)
  .exitOverride()

for (const command of [compileCommand(), runCommand(), setupCommand(), doctorCommand()]) {
  command.exitOverride()
  program.addCommand(command)
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else process.exitCode = reportError(error, process.argv.includes('--debug'))
}
