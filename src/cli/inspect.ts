import type { Command } from 'commander'
import { sizeOf } from '../../ir/index.ts'
import { orThrowAsync } from '../base/error.ts'
import { counted, table } from '../base/format.ts'
import { sealKey } from '../base/seal.ts'
import { readSafetensorsFile, type Safetensors } from '../network/weights/safetensors.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'
import type { Terminal } from './terminal.ts'

const originOf = ({ metadata }: Safetensors): Readonly<Record<string, string>> =>
  Object.fromEntries([...metadata].filter(([key]) => key !== sealKey))

/** `espalier inspect`: what a file of weights says of them, and what it holds. */
export const inspectCommand = (terminal: Terminal): Command =>
  command(
    'inspect',
    'what a file of weights says of them: network, plan, data, recipe, error',
    'espalier inspect runs/flip-3-max/best.safetensors',
  )
    .argument('<file>', 'a safetensors file')
    .action(async (file: string, flags: CommonOptions) => {
      const found = await orThrowAsync(readSafetensorsFile(file))
      const metadata = originOf(found)
      const tensors = [...found.tensors].map(([name, { shape }]) => ({ name, shape }))
      const values = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
      output(flags, terminal).result({ file, metadata, tensors, values }, () =>
        [
          `${counted(tensors.length, 'tensor')} of ${counted(values, 'value')}.`,
          Object.keys(metadata).length === 0
            ? 'It says nothing of where they come from.'
            : table(['key', 'value'], Object.entries(metadata)),
        ].join('\n'),
      )
    })
