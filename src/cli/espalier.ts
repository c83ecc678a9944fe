import { Command } from 'commander'
import { packageVersion } from '../runtime/native/layout.ts'
import { bisectCommand } from './bisect.ts'
import { calibrateCommand } from './calibrate.ts'
import { compareCommand } from './compare.ts'
import { compileCommand } from './compile.ts'
import { completionCommand } from './completion.ts'
import { doctorCommand } from './doctor.ts'
import { explainCommand } from './explain.ts'
import { impactCommand } from './impact.ts'
import { inspectCommand } from './inspect.ts'
import { lawsCommand } from './laws.ts'
import { mergeCommand } from './merge.ts'
import { reduceCommand } from './reduce.ts'
import { runCommand } from './run.ts'
import { runProgram } from './run-program.ts'
import { searchCommand } from './search.ts'
import { serveCommand } from './serve.ts'
import { setupCommand } from './setup.ts'
import { sweepCommand } from './sweep.ts'
import type { Terminal } from './terminal.ts'
import { trainCommand } from './train.ts'
import { viewsCommand } from './views.ts'

const commands = [
  compileCommand,
  runCommand,
  impactCommand,
  trainCommand,
  sweepCommand,
  mergeCommand,
  searchCommand,
  viewsCommand,
  compareCommand,
  serveCommand,
  inspectCommand,
  lawsCommand,
  bisectCommand,
  reduceCommand,
  calibrateCommand,
  setupCommand,
  doctorCommand,
  explainCommand,
  completionCommand,
]

/** The command line `espalier`, called from a terminal, to its end. */
export const espalier = (terminal: Terminal): Promise<void> => {
  const program = new Command('espalier')
    .description(
      'Augmentation inside convolutional networks: branch at inner feature maps, share the prefix, fuse the flips into the weights.',
    )
    .version(packageVersion)
    .addHelpText('after', '\nExample:\n  $ espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats')
  for (const command of commands) program.addCommand(command(terminal))
  return runProgram(program, terminal)
}
