#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { PassFailure } from '../inspect/index.ts'
import { packageVersion } from '../runtime/native/layout.ts'
import { bisectCommand } from './bisect.ts'
import { calibrateCommand } from './calibrate.ts'
import { compileCommand } from './compile.ts'
import { doctorCommand } from './doctor.ts'
import { impactCommand } from './impact.ts'
import { lawsCommand } from './laws.ts'
import { exitCodes, reportError, reportReproducer } from './output.ts'
import { reduceCommand } from './reduce.ts'
import { runCommand } from './run.ts'
import { searchCommand } from './search.ts'
import { setupCommand } from './setup.ts'
import { sweepCommand } from './sweep.ts'
import { trainCommand } from './train.ts'
import { viewsCommand } from './views.ts'

const program = new Command('espalier')
  .description(
    'Augmentation inside convolutional networks: branch at inner feature maps, share the prefix, fuse the flips into the weights.',
  )
  .version(packageVersion)
  .addHelpText('after', '\nExample:\n  $ espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats')
  .exitOverride()

const inspection = [lawsCommand(), bisectCommand(), reduceCommand()]
for (const command of [
  compileCommand(),
  runCommand(),
  impactCommand(),
  trainCommand(),
  sweepCommand(),
  searchCommand(),
  viewsCommand(),
  ...inspection,
  calibrateCommand(),
  setupCommand(),
  doctorCommand(),
]) {
  command.exitOverride()
  program.addCommand(command)
}

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else process.exitCode = reportError(error, process.argv.includes('--debug'))
  if (error instanceof PassFailure) await reportReproducer(error)
}
