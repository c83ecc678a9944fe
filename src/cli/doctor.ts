import type { Command } from 'commander'
import { doctor, renderReport } from '../runtime/doctor.ts'
import { command } from './options.ts'
import { type CommonOptions, output } from './output.ts'

export const doctorCommand = (): Command =>
  command('doctor', 'say which backends run here, and what to do about those that do not', 'espalier doctor').action(
    async (options: CommonOptions) => {
      const report = await doctor({ debug: options.debug ?? false })
      output(options).result(report, () => renderReport(report))
    },
  )
