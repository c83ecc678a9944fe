import { type Command, Option } from 'commander'
import { type Environment, EspalierError } from '../../ir/index.ts'
import { insertBranches, optimizations, printLaw, unroll } from '../../passes/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../compile/compile.ts'
import {
  type Bisection,
  bisect,
  describeEntry,
  describeFailure,
  lawOf,
  seededInputs,
  seededParameters,
  traceEntry,
  trialOf,
} from '../compile/inspect/index.ts'
import { readPlan } from '../compile/read-plan.ts'
import { schedulingOf } from '../compile/scheduling.ts'
import { batches } from '../data/index.ts'
import { imageType } from '../network/network.ts'
import type { Images } from '../open/images.ts'
import { openWork } from '../open/opening.ts'
import { about } from './about.ts'
import { command, type NetworkFlags, networkOptions, wholeNumber } from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, output } from './output.ts'
import type { Terminal } from './terminal.ts'
import { chosenPasses, type PassFlags, passOptions, scheduleFlags, toleranceOption } from './watch-options.ts'

interface BisectFlags extends CommonOptions, NetworkFlags, PassFlags {
  readonly data?: string
  readonly limit: number
  readonly tolerance: number
}

/** The first images of the data, as the network takes them. */
const firstImages = async (
  { limit }: BisectFlags,
  compiled: CompiledNetwork,
  { data, preprocess }: Images,
): Promise<Environment['inputs']> => {
  const { name, h, w, c } = imageType(compiled)
  for await (const { images, n } of batches(data, { batch: limit, limit, preprocess, ahead: 1 }))
    return new Map([[name, { shape: [n, h, w, c], data: images }]])
  throw new EspalierError([sourceProblem('bad-input', '--data', 'no images', 'one at least')])
}

/** The keys of `bisect --json`. */
const bisectResult = (network: string, plan: string, found: Bisection) => ({
  network,
  plan,
  agrees: found.kind === 'agrees',
  rewrites: found.rewrites,
  ...(found.kind === 'rewrite'
    ? { first: { ...traceEntry(found.firing, found.number), law: found.firing.rule && lawOf(found.firing.rule) } }
    : {}),
  failure: found.kind === 'agrees' ? undefined : found.failure,
})

const describe = (network: string, plan: string, found: Bisection): string => {
  const head = `${network} under ${plan}, ${found.rewrites} rewrites`
  switch (found.kind) {
    case 'agrees':
      return `${head}: nothing disagrees with the branched graph.`
    case 'pass':
      return `${head}: broken before any of them, by a pass.\n  ${describeFailure(found.failure)}.`
    case 'rewrite': {
      const { rule } = found.firing
      return [
        `${head}: number ${found.number} is the first that breaks it.`,
        `  ${describeEntry(traceEntry(found.firing, found.number))}`,
        ...(rule === null ? [] : [`  law: ${printLaw(rule)}`]),
        `  ${describeFailure(found.failure)}.`,
        `Compile with --until ${found.number} --trace --print-changed to see it.`,
      ].join('\n')
    }
  }
}

const run = async (flags: BisectFlags, out: CommandOutput): Promise<void> => {
  const data = flags.data === undefined ? [] : [{ reference: flags.data }]
  const { network, images, initializedFrom } = await openWork(flags, data, { labels: 'unread', note: out.note })
  const plan = await readPlan(flags.plan ?? 'vanilla')
  const { passes = optimizations(schedulingOf(scheduleFlags(flags))) } = chosenPasses(flags)
  const pipeline: NonNullable<Parameters<typeof compileNetwork>[2]>['pipeline'] = placed => [insertBranches(placed)]
  const branched = orThrow(compileNetwork(network, plan, { seed: flags.seed, pipeline }))
  const parameters = initializedFrom === undefined ? branched.parameters : seededParameters(network.graph, flags.seed)
  const inputs =
    images.length === 0
      ? seededInputs(branched.graph, flags.seed, flags.limit)
      : await firstImages(flags, branched, images[0])
  const trial = orThrow(trialOf({ graph: branched.graph, parameters }, inputs, flags.tolerance))
  const found = bisect(trial, [unroll, ...passes])
  out.result(bisectResult(network.name, branched.plan, found), () => describe(network.name, branched.plan, found))
  if (found.kind !== 'agrees') out.terminal.exitWith(exitCodes.failed)
}

/** `espalier bisect`: the first rewrite after which a compiled network computes something else. */
export const bisectCommand = (terminal: Terminal): Command =>
  passOptions(
    networkOptions(command('bisect', about.bisect, 'espalier bisect --network zoo:cifar-resnet-20 --plan flip-3-max')),
  )
    .option('--data <data>', 'images to compare on, as for run (default: values drawn from the seed)')
    .addOption(new Option('--limit <n>', 'how many images').argParser(wholeNumber(1)).default(1))
    .addOption(toleranceOption())
    .action((flags: BisectFlags) => run(flags, output(flags, terminal)))
