import cliProgress from 'cli-progress'
import type { Command } from 'commander'
import { Option } from 'commander'
import { either as E } from 'fp-ts'
import type { Accelerator } from '../runtime/native/layout.ts'
import { planSetup, renderSetupPlan, type SetupEvent, setup } from '../runtime/setup.ts'
import { command, oneOf } from './options.ts'
import { type CommonOptions, failure, type Output, output } from './output.ts'

interface SetupFlags extends CommonOptions {
  readonly accelerator?: Accelerator
  readonly dryRun?: boolean
}

const megabyte = 1e6

/** One line a step; a bar while something with a known size goes on. */
const follow = (out: Output): { readonly onEvent: (event: SetupEvent) => void; readonly stop: () => void } => {
  const bar = out.interactive
    ? new cliProgress.SingleBar({
        format: '  {bar} {percentage}% of {total} MB',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
      })
    : null
  let running = false
  const stop = (): void => {
    if (running) bar?.stop()
    running = false
  }
  return {
    stop,
    onEvent: ({ step, state, what, done, total }) => {
      if (state !== 'progress') {
        stop()
        if (state !== 'finished') out.note(`${step}: ${what}${state === 'skipped' ? ' (done already)' : ''}`)
        return
      }
      if (bar === null || done === undefined || total === undefined) return
      const [at, of] = [Math.round(done / megabyte), Math.round(total / megabyte)]
      if (running) bar.update(at)
      else bar.start(of, at)
      running = true
    },
  }
}

/** `espalier setup`: takes TensorFlow's library through pip into the user's cache. */
export const setupCommand = (): Command =>
  command(
    'setup',
    'set up the native TensorFlow runtime: explains what it does, resumes, and changes nothing that is whole',
    'espalier setup',
  )
    .addOption(
      new Option('--accelerator <kind>', 'cpu or nvidia (default: nvidia where its driver is)').argParser(
        oneOf(['cpu', 'nvidia'] as const),
      ),
    )
    .option('--dry-run', 'only say what it would do')
    .action(async (options: SetupFlags) => {
      const out = output(options)
      const chosen = options.accelerator === undefined ? {} : { accelerator: options.accelerator }
      const plan = await planSetup(chosen)
      if (E.isLeft(plan)) throw failure([plan.left])
      if (options.dryRun === true) return out.result(plan.right, () => renderSetupPlan(plan.right))
      if (plan.right.state !== 'whole') out.note(renderSetupPlan(plan.right))
      const interrupt = new AbortController()
      const onInterrupt = (): void => interrupt.abort()
      process.once('SIGINT', onInterrupt)
      const { onEvent, stop } = follow(out)
      const installed = await setup({ ...chosen, onEvent, signal: interrupt.signal })
      stop()
      process.off('SIGINT', onInterrupt)
      if (E.isLeft(installed)) throw failure([installed.left])
      const { contents, folder } = installed.right
      out.result({ folder, ...contents }, () => `Native TensorFlow is ready in ${folder}. Try \`espalier doctor\`.`)
    })
