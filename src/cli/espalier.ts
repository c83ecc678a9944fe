import { Command } from 'commander'
import { packageVersion } from '../base/package.ts'
import { about, type CommandName } from './about.ts'
import { runProgram } from './run-program.ts'
import type { Terminal } from './terminal.ts'

/** Each command with its flags: what it imports is loaded where it is called. */
const commands: { readonly [N in CommandName]: () => Promise<(terminal: Terminal) => Command> } = {
  compile: async () => (await import('./compile.ts')).compileCommand,
  run: async () => (await import('./run.ts')).runCommand,
  impact: async () => (await import('./impact.ts')).impactCommand,
  train: async () => (await import('./train.ts')).trainCommand,
  sweep: async () => (await import('./sweep.ts')).sweepCommand,
  merge: async () => (await import('./merge.ts')).mergeCommand,
  search: async () => (await import('./search.ts')).searchCommand,
  views: async () => (await import('./views.ts')).viewsCommand,
  compare: async () => (await import('./compare.ts')).compareCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  inspect: async () => (await import('./inspect.ts')).inspectCommand,
  laws: async () => (await import('./laws.ts')).lawsCommand,
  bisect: async () => (await import('./bisect.ts')).bisectCommand,
  reduce: async () => (await import('./reduce.ts')).reduceCommand,
  calibrate: async () => (await import('./calibrate.ts')).calibrateCommand,
  setup: async () => (await import('./setup.ts')).setupCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  completion: async () => (await import('./completion.ts')).completionCommand,
}

const names = Object.keys(about) as readonly CommandName[]

/** The program, with the commands that a command line names; the others stand in its help alone. Completion is of all. */
export const programFor = async (terminal: Terminal): Promise<Command> => {
  const { args } = terminal
  const program = new Command('espalier')
    .description(
      'Augmentation inside convolutional networks: branch at inner feature maps, share the prefix, fuse the flips into the weights.',
    )
    .version(packageVersion)
    .configureHelp({ subcommandTerm: command => command.name() })
    .addHelpText('after', '\nExample:\n  $ espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats')
  for (const name of names)
    program.addCommand(
      args.includes(name) || args.includes('completion')
        ? (await commands[name]())(terminal)
        : new Command(name).description(about[name]),
    )
  return program
}

/** The command line `espalier`, called from a terminal, to its end. */
export const espalier = async (terminal: Terminal): Promise<void> => runProgram(await programFor(terminal), terminal)
