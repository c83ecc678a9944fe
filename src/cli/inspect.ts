import type { Command } from 'commander'
import { table } from '../base/format.ts'
import { inspectFile } from '../open/inspected.ts'
import { about } from './about.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import type { Terminal } from './terminal.ts'

const longest = 100

const valueText = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** `espalier inspect`: what a file is, and what it says of itself. */
export const inspectCommand = (terminal: Terminal): Command =>
  command('inspect', about.inspect, 'espalier inspect runs/flip-3-max/best.safetensors')
    .argument('<file>', 'a network or weights, a compiled folder, an ONNX file, a SavedModel, a result in JSON')
    .action(async (file: string, flags: CommonOptions) => {
      const { form, facts, shown } = await inspectFile(file)
      const rows = Object.entries(shown).filter(([, value]) => value !== undefined)
      output(flags, terminal).result({ file, form, ...facts }, () =>
        rows.length === 0
          ? `${form}. It says nothing of itself.`
          : table(['key', 'value'], [['form', form], ...rows.map(([key, value]) => [key, valueText(value)])]),
      )
    })
