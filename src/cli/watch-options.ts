import { type Command, Option } from 'commander'
import type { Pass } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import {
  checkNames,
  choosePasses,
  defaultTolerance,
  optimizationsByName,
  type Selection,
  type WatchOptions,
} from '../compile/inspect/index.ts'
import { type ScheduleName, type ScheduleOptions, schedulingOf } from '../compile/scheduling.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { backendNamed, listedBackends, numberAboveZero, wholeNumber } from './options.ts'
import { scheduleOption } from './schedule-option.ts'

export const toleranceOption = (): Option =>
  new Option('--tolerance <x>', 'how far values may be apart, relative to the largest')
    .argParser(numberAboveZero)
    .default(defaultTolerance)

/** The flags that say which optimizations there are. */
export interface PassFlags {
  readonly passes?: string
  readonly schedule: ScheduleName
  readonly backend?: BackendName
  readonly batch?: number
}

export const passOptions = (c: Command): Command =>
  c
    .option('--passes <names>', 'these passes, between commas, instead of the default optimizations')
    .addOption(scheduleOption())
    .addOption(
      new Option(
        '--backend <name>',
        `where auto expects it to run: ${listedBackends(backendNames)} (default: tensorflow)`,
      ).argParser(backendNamed(backendNames)),
    )
    .addOption(new Option('--batch <n>', 'images at a time that auto expects (default: 32)').argParser(wholeNumber(1)))

/** How variants are run, and what for. */
export const scheduleFlags = ({ schedule, backend, batch }: Omit<PassFlags, 'passes'>): ScheduleOptions => ({
  schedule,
  backend,
  batch,
})

const namedPasses = (flags: PassFlags): ReadonlyMap<string, Pass> =>
  optimizationsByName(schedulingOf(scheduleFlags(flags)))

/** The passes after `insert-branches` and `unroll`. @throws EspalierError */
export const chosenPasses = (flags: PassFlags): ScheduleOptions & Pick<WatchOptions, 'passes'> => ({
  ...scheduleFlags(flags),
  ...(flags.passes === undefined
    ? {}
    : { passes: orThrow(choosePasses('--passes', flags.passes, namedPasses(flags))) }),
})

/** The flags of `compile` that show what the passes do. */
export interface WatchFlags extends PassFlags {
  readonly printBefore?: string | true
  readonly printAfter?: string | true
  readonly printChanged?: boolean
  readonly verifyEach?: boolean
  readonly trace?: boolean
  readonly until?: number
}

export const watchOptions = (c: Command): Command =>
  passOptions(c)
    .option('--print-before [passes]', 'the graph before each pass, or before those named, on stderr')
    .option('--print-after [passes]', 'the graph after each pass, or after those named, on stderr')
    .option('--print-changed', 'what each pass changed, on stderr')
    .option('--verify-each', 'verify the graph after each pass')
    .option('--trace', 'each rewrite: its number, pass, rule and node; on stderr, or in the JSON')
    .addOption(new Option('--until <n>', 'only the first n rewrites').argParser(wholeNumber(0)))

/** What the flags ask of a compilation. @throws EspalierError where they name no pass of it */
export const watched = (flags: WatchFlags): Omit<WatchOptions, 'onRewrite' | 'show'> => {
  const chosen = chosenPasses(flags)
  const run = chosen.passes?.map(({ name }) => name) ?? [...namedPasses(flags).keys()]
  const known = ['insert-branches', 'unroll', ...run]
  const selection = (flag: string, value: string | true | undefined): Selection | undefined =>
    typeof value === 'string' ? orThrow(checkNames(flag, value.split(','), known)) : value && 'all'
  const [before, after] = [selection('--print-before', flags.printBefore), selection('--print-after', flags.printAfter)]
  return {
    ...chosen,
    until: flags.until,
    printBefore: before,
    printAfter: after,
    printChanged: flags.printChanged ?? false,
    verifyEach: flags.verifyEach ?? false,
  }
}
