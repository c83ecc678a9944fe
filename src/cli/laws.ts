import type { Command } from 'commander'
import { table } from '../base/format.ts'
import { lawTable } from '../compile/inspect/index.ts'
import { about } from './about.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** `espalier laws`: the rules that the passes apply, as laws. */
export const lawsCommand = (terminal: Terminal): Command =>
  command('laws', about.laws, 'espalier laws').action((options: CommonOptions) =>
    output(options, terminal).result({ laws: lawTable }, () =>
      table(
        ['name', 'precision', 'mode', 'law'],
        lawTable.map(({ name, precision, mode, law, condition }) => [
          name,
          precision,
          mode,
          condition === null ? law : `${law}  when ${condition}`,
        ]),
      ),
    ),
  )
