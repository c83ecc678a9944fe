import type { Command } from 'commander'
import { Option } from 'commander'
import { either as E } from 'fp-ts'
import type { Problem } from '../../ir/index.ts'
import type { Accelerator } from '../runtime/native/layout.ts'
import type { InstalledOpenvino } from '../runtime/openvino/installed.ts'
import { planOpenvino, renderOpenvinoPlan, setupOpenvino } from '../runtime/openvino/setup.ts'
import { type Installed, planSetup, renderSetupPlan, type SetupEvent, setup } from '../runtime/setup.ts'
import { about } from './about.ts'
import { command, oneOf } from './options.ts'
import { type CommonOptions, failure, type Output, output } from './output.ts'
import { progressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

interface SetupFlags extends CommonOptions {
  readonly accelerator?: Accelerator
  readonly dryRun?: boolean
  readonly with?: readonly Extra[]
}

/** What can be set up beside TensorFlow. */
const extras = ['openvino'] as const
type Extra = (typeof extras)[number]

const megabyte = 1e6

/** One line a step; a bar while something with a known size goes on. */
const follow = (out: Output): { readonly onEvent: (event: SetupEvent) => void; readonly stop: () => void } => {
  const bar = progressBar(out, (done, total) => [`${done}/${total} MB`])
  return {
    stop: bar.stop,
    onEvent: ({ step, state, what, done, total }) => {
      if (state !== 'progress') {
        bar.stop()
        if (state !== 'finished') out.note(`${step}: ${what}${state === 'skipped' ? ' (done already)' : ''}`)
        return
      }
      if (done !== undefined && total !== undefined) bar.at(Math.round(done / megabyte), Math.round(total / megabyte))
    },
  }
}

const orFail = <A>(result: E.Either<Problem, A>): A => {
  if (E.isLeft(result)) throw failure([result.left])
  return result.right
}

/** Does what the user may stop, and shows how far it is. */
const interruptible = async <A>(
  out: Output,
  work: (run: { readonly onEvent: (event: SetupEvent) => void; readonly signal: AbortSignal }) => Promise<A>,
): Promise<A> => {
  const interrupt = new AbortController()
  const onInterrupt = (): void => interrupt.abort()
  const { onEvent, stop } = follow(out)
  process.once('SIGINT', onInterrupt)
  try {
    return await work({ onEvent, signal: interrupt.signal })
  } finally {
    stop()
    process.off('SIGINT', onInterrupt)
  }
}

/** `espalier setup`: takes TensorFlow's library, and others that are asked for, through pip into the user's cache. */
export const setupCommand = (terminal: Terminal): Command =>
  command('setup', about.setup, 'espalier setup')
    .addOption(
      new Option('--accelerator <kind>', 'cpu or nvidia (default: nvidia where its driver is)').argParser(
        oneOf(['cpu', 'nvidia'] as const),
      ),
    )
    .addOption(
      new Option('--with <runtime>', `another runtime as well: ${extras.join(', ')} (may be repeated)`).argParser(
        (name: string, before: readonly Extra[] = []) => [...before, oneOf(extras)(name)],
      ),
    )
    .option('--dry-run', 'only say what it would do')
    .action(async (options: SetupFlags) => {
      const out = output(options, terminal)
      const accelerator = options.accelerator === undefined ? {} : { accelerator: options.accelerator }
      const plan = orFail(await planSetup(accelerator))
      const openvino = options.with?.includes('openvino') === true ? orFail(await planOpenvino()) : undefined
      const rendered = [
        { state: plan.state, text: renderSetupPlan(plan) },
        ...(openvino === undefined ? [] : [{ state: openvino.state, text: renderOpenvinoPlan(openvino) }]),
      ]
      if (options.dryRun === true)
        return out.result({ ...plan, openvino }, () => rendered.map(({ text }) => text).join('\n'))
      for (const { state, text } of rendered) if (state !== 'whole') out.note(text)
      const done = await interruptible(out, async run => {
        const tensorflow = orFail(await setup({ ...accelerator, ...run }))
        return { tensorflow, openvino: openvino && orFail(await setupOpenvino(run)) }
      })
      const { tensorflow, openvino: other } = done
      const said = ({ folder, contents }: Installed | InstalledOpenvino) => ({ folder, ...contents })
      out.result({ ...said(tensorflow), openvino: other && said(other) }, () =>
        [
          `Native TensorFlow is ready in ${tensorflow.folder}.`,
          ...(other === undefined ? [] : [`OpenVINO is ready in ${other.folder}.`]),
          'Try `espalier doctor`.',
        ].join('\n'),
      )
    })
