import { type Command, Option } from 'commander'
import { either as E } from 'fp-ts'
import { table } from '../base/format.ts'
import { type Calibrated, calibrate, writeCalibration } from '../compile/calibrate/index.ts'
import { openBackend } from '../runtime/backend.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { backendNamed, command, listedBackends, wholeNumber } from './options.ts'
import { type CommonOptions, failure, output } from './output.ts'
import { progressBar } from './progress-bar.ts'
import type { Terminal } from './terminal.ts'

interface CalibrateFlags extends CommonOptions {
  readonly backend?: BackendName
  readonly rounds: number
}

const figure = (value: number): string => (value === 0 ? '–' : value.toPrecision(3))

const describe = (backend: BackendName, { calibration, kinds }: Calibrated, path: string): string => {
  const { library, samples, error_percent, costs } = calibration
  return [
    `${backend}, ${library}: ${samples} cases, predicted within ${error_percent.median.toFixed(0)} % (median), ${error_percent.p90.toFixed(0)} % (nine of ten).`,
    table(
      [
        'kind of op',
        'µs a call',
        'µs a million multiply-adds',
        'µs a MB of windows',
        'µs a million rows',
        'µs a MB',
        'cases',
        'error %',
      ],
      kinds.map(({ kind, samples, error_percent }) => {
        const { calls, multiply_adds, windows, rows, bytes } = costs.rates[kind]
        return [
          kind,
          ...[calls, multiply_adds, windows, rows, bytes].map(figure),
          String(samples),
          error_percent.toFixed(0),
        ]
      }),
    ),
    `Wrote ${path}.`,
  ].join('\n')
}

/** `espalier calibrate`: measures what ops cost on each backend that starts, for `--schedule auto`. */
export const calibrateCommand = (terminal: Terminal): Command =>
  command('calibrate', about.calibrate, 'espalier calibrate --backend wasm')
    .addOption(
      new Option('--backend <name>', `${listedBackends(backendNames)} (default: all)`).argParser(
        backendNamed(backendNames),
      ),
    )
    .addOption(new Option('--rounds <n>', 'how often each case is timed').argParser(wholeNumber(1)).default(9))
    .action(async (flags: CalibrateFlags) => {
      const out = output(flags, terminal)
      const done: { readonly backend: BackendName; readonly calibrated: Calibrated; readonly path: string }[] = []
      for (const backend of flags.backend === undefined ? backendNames : [flags.backend]) {
        const opened = await openBackend(backend, { debug: flags.debug ?? false })
        if (E.isLeft(opened)) {
          if (flags.backend !== undefined) throw failure([opened.left])
          out.note(`${backend} does not start here (${opened.left.hint ?? opened.left.seen}).`)
          continue
        }
        const bar = progressBar(out, (done, total) => [`${backend}: round ${done} of ${total}`])
        bar.at(0, flags.rounds)
        const calibrated = calibrate(opened.right, flags.rounds, round => bar.at(round, flags.rounds))
        bar.stop()
        done.push({ backend, calibrated, path: await writeCalibration(backend, calibrated.calibration) })
      }
      out.result(
        {
          backends: done.map(({ backend, calibrated: { calibration, kinds, cases }, path }) => ({
            backend,
            path,
            ...calibration,
            kinds,
            cases,
          })),
        },
        () => done.map(({ backend, calibrated, path }) => describe(backend, calibrated, path)).join('\n\n'),
      )
    })
