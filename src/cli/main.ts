#!/usr/bin/env node
import { Command } from 'commander'
import { packageVersion } from '../runtime/native/layout.ts'
import { bisectCommand } from './bisect.ts'
import { calibrateCommand } from './calibrate.ts'
import { compileCommand } from './compile.ts'
import { doctorCommand } from './doctor.ts'
import { impactCommand } from './impact.ts'
import { lawsCommand } from './laws.ts'
import { reduceCommand } from './reduce.ts'
import { runCommand } from './run.ts'
import { runProgram } from './run-program.ts'
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
  program.addCommand(command)
}

await runProgram(program)
