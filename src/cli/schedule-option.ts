import { Option } from 'commander'
import { scheduleNames } from '../compile/scheduling.ts'
import { oneOf } from './options.ts'

/** The flag that says how variants are run. */
export const scheduleOption = (): Option =>
  new Option('--schedule <name>', `how variants are run: ${scheduleNames.join(', ')}`)
    .argParser(oneOf(scheduleNames))
    .default('auto')
