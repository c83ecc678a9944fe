#!/usr/bin/env node
import { Option } from 'commander'
import { command, oneOf, wholeNumber } from '../cli/options.ts'
import { type CommonOptions, output } from '../cli/output.ts'
import { imageParts, progressBar } from '../cli/progress-bar.ts'
import { guardProcess } from '../cli/report-error.ts'
import { runProgram } from '../cli/run-program.ts'
import { processTerminal } from '../cli/terminal.ts'
import { backendNames } from '../runtime/backend-names.ts'
import { type DemoOptions, measure } from './measure.ts'
import { describeDemo } from './table.ts'

type DemoFlags = CommonOptions & Pick<DemoOptions, 'backend' | 'images' | 'batch' | 'seconds'>

const program = command(
  'demo',
  'a trained network under several plans, evaluated on images made as it runs',
  'npm run demo -- --images 4000',
)
  .addOption(new Option('--images <n>', 'how many images').argParser(wholeNumber(1)).default(2000))
  .addOption(new Option('--batch <n>', 'images at a time').argParser(wholeNumber(1)).default(200))
  .addOption(new Option('--seconds <n>', 'stop earlier once it took this long').argParser(wholeNumber(1)).default(90))
  .addOption(
    new Option('--backend <name>', `${backendNames.join(', ')} (default: the best there is)`)
      .argParser(oneOf(['auto', ...backendNames] as const))
      .default('auto'),
  )
  .action(async (flags: DemoFlags) => {
    const out = output(flags, processTerminal)
    const bar = progressBar(out, imageParts)
    const result = await measure({
      ...flags,
      note: out.note,
      progress: bar.at,
    }).finally(bar.stop)
    if (result.images < flags.images)
      out.note(
        `Stopped after ${flags.seconds} s with ${result.images} of ${flags.images} images; --seconds allows more.`,
      )
    out.result(result, () => describeDemo(result))
  })

guardProcess(processTerminal)
await runProgram(program, processTerminal)
