import type { Command } from 'commander'
import { cannotWrite } from '../base/error.ts'
import { doctor, renderReport } from '../runtime/doctor.ts'
import { choicesFolder, describeChoices, forgetChoices } from '../runtime/kept-choices.ts'
import { about } from './about.ts'
import { command } from './options.ts'
import { type CommonOptions, type Output, output } from './output.ts'
import type { Terminal } from './terminal.ts'

interface DoctorFlags extends CommonOptions {
  readonly forget?: boolean
}

const forget = async ({ result }: Output): Promise<void> => {
  const forgotten = await forgetChoices().catch(error => {
    throw cannotWrite(choicesFolder(), error)
  })
  const { count, folder } = forgotten
  result({ forgotten }, () =>
    count === 0
      ? `Nothing to forget: no choice is remembered in ${folder}.`
      : `Forgotten: ${describeChoices(forgotten)}, in ${folder}. auto chooses anew.`,
  )
}

export const doctorCommand = (terminal: Terminal): Command =>
  command('doctor', about.doctor, 'espalier doctor')
    .option('--forget', 'drop the executors that auto remembers having chosen, and say which there were; nothing else')
    .action(async (flags: DoctorFlags) => {
      if (flags.forget === true) return forget(output(flags, terminal))
      const report = await doctor({ debug: flags.debug ?? false })
      output(flags, terminal).result(report, () => renderReport(report))
    })
