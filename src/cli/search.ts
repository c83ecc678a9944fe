import { type Command, InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import { type CertaintyMeasure, certaintyMeasures, type Reduction, reductions } from '../../ir/index.ts'
import type { FixedPlan, PlanProblem } from '../../passes/index.ts'
import { ratio } from '../base/format.ts'
import { type Json, json } from '../base/json.ts'
import { executorNames } from '../execute/execution.ts'
import { differenceOf } from '../experiment/measured/describe-change.ts'
import { describeMeasuredSearch } from '../experiment/measured/describe-search.ts'
import {
  type MeasuredSearch,
  type MeasuredSearchImages,
  type MeasuredSearchProgress,
  measuredSearch,
} from '../experiment/measured/search.ts'
import { type Budget, parseBudget } from '../experiment/search/budget.ts'
import { checkApart } from '../experiment/search/data.ts'
import { describeSearch } from '../experiment/search/describe.ts'
import { parseStages } from '../experiment/search/given-stages.ts'
import { type Objective, objectives } from '../experiment/search/objective.ts'
import { type SearchOptions, type SearchProgress, searchPlan } from '../experiment/search/plan-search.ts'
import type { SearchResult } from '../experiment/search/result.ts'
import { defaultSets, searchSets } from '../experiment/search/space.ts'
import { trainedPlan } from '../experiment/search/trained.ts'
import type { Sourced } from '../experiment/sourced.ts'
import { type Opening, openWork } from '../open/opening.ts'
import { searchPage } from '../report/page/search-page.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
import { prepareFile, writeWhole } from './destination.ts'
import {
  command,
  dataForms,
  type ExecutionFlags,
  executionOptions,
  oneOf,
  type PlainNetworkFlags,
  plainNetworkOptions,
  wholeNumber,
} from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, output } from './output.ts'
import { provenance } from './provenance.ts'
import {
  forClasses,
  prepareReports,
  type ReportFlags,
  refusePages,
  reportOptions,
  writeReports,
} from './report-files.ts'
import type { Terminal } from './terminal.ts'
import { type Watching, watchedSearch } from './watched-search.ts'

interface SearchFlags extends CommonOptions, PlainNetworkFlags, ExecutionFlags<BackendName>, ReportFlags {
  readonly budget: Budget
  readonly select: string
  readonly report: string
  readonly labels?: string
  readonly sets: string
  readonly reductions: readonly Reduction[]
  readonly objective: Objective
  readonly beam: number
  readonly offspring: number
  readonly screening: number
  readonly adaptive: boolean
  readonly stages?: readonly FixedPlan[]
  readonly certainty: CertaintyMeasure
  readonly learnWeights?: boolean
  readonly batch: number
  readonly cache?: string
  readonly out?: string
}

type RoundOf<P extends { readonly kind: string }> = Extract<P, { readonly kind: 'round' }>

const describeRound = ({ round, evaluated, plan, errorPercent, predictedCost }: RoundOf<SearchProgress>): string =>
  `Round ${round}, ${evaluated} plans: ${plan}, error ${errorPercent.toFixed(2)} %, predicted time ${ratio(predictedCost)}.`

const describeMeasuredRound = ({ difference, ...of }: RoundOf<MeasuredSearchProgress>): string =>
  `Round ${of.round}, ${of.evaluated} plans: ${of.plan}, ${difference.title} ${differenceOf(difference, difference.difference)}, predicted time ${ratio(of.predictedCost)}.`

/** Flags of what is searched by errors. */
const forErrors: readonly string[] = [
  ...['reductions', 'objective', 'beam', 'adaptive', 'stages', 'certainty', 'learnWeights', 'cache'],
]

/** Whether a flag was given, its default aside. */
const isGiven = (command: Command, flag: string): boolean => command.getOptionValueSource(flag) === 'cli'

/** Refuses what is for classes alone. @throws EspalierError */
const refuseForMeasures = (command: Command, flags: ReportFlags): void => {
  refusePages(flags)
  const flag = command.options.find(option => {
    const name = option.attributeName()
    return forErrors.includes(name) && isGiven(command, name)
  })
  if (flag !== undefined) throw forClasses(flag.long ?? flag.flags)
}

/** The best plan by the errors of classes. */
const searchByErrors = async (
  flags: SearchFlags,
  { network, images: [select, report], weightsMetadata, initializedFrom }: Opening,
  out: CommandOutput,
): Promise<SearchResult | undefined> => {
  const trained = weightsMetadata && trainedPlan(weightsMetadata)
  const { budget, sets, reductions, objective, beam, offspring, screening, learnWeights } = flags
  const { adaptive, stages, certainty: measure, batch, backend, executor, precision, seed, cache, debug } = flags
  const options: SearchOptions = {
    ...{ budget, sets, reductions, objective, beam, offspring, screening, learnWeights, trained },
    ...{ adaptive, stages, measure },
    ...{ batch, backend, executor, precision, seed, cache, debug },
  }
  if (stages === undefined)
    out.note(`Transforms at feature maps are compared on ${screening} images first, the best of them on all.`)
  const result = await watchedSearch(
    (watching: Watching<RoundOf<SearchProgress>>) =>
      searchPlan(
        network,
        { select, report },
        { ...options, ...watching },
        { initializedFrom, data: { select: flags.select, report: flags.report } },
      ),
    describeRound,
    out,
  )
  for (const warning of result?.warnings ?? []) out.note(`Warning: ${warning}`)
  return result
}

/** The best plan by the measures of other answers. */
const searchByMeasures = (
  flags: SearchFlags,
  command: Command,
  { network, initializedFrom }: Opening,
  images: MeasuredSearchImages,
  out: CommandOutput,
): Promise<MeasuredSearch | undefined> => {
  refuseForMeasures(command, flags)
  const given = <K extends 'sets' | 'screening' | 'offspring' | 'batch'>(name: K): SearchFlags[K] | undefined =>
    isGiven(command, name) ? flags[name] : undefined
  const { budget, backend, executor, precision, seed, debug } = flags
  return watchedSearch(
    (watching: Watching<RoundOf<MeasuredSearchProgress>>) =>
      measuredSearch(
        network,
        images,
        {
          ...{ budget, sets: given('sets'), screening: given('screening'), offspring: given('offspring') },
          ...{ batch: given('batch'), backend, executor, precision, seed, debug, ...watching },
        },
        { initializedFrom, data: { select: flags.select, report: flags.report } },
      ),
    describeMeasuredRound,
    out,
  )
}

/** What was found, for people and as it is kept; undefined where it was interrupted. */
const run = async (flags: SearchFlags, command: Command, out: CommandOutput) => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  await checkApart(flags.select, flags.report)
  const { labels } = flags
  const data = [
    { reference: flags.select, labels, flag: '--select' },
    { reference: flags.report, labels, flag: '--report' },
  ]
  const opened = await openWork(flags, data, { labels: 'measured', note: out.note })
  const [select, report] = opened.images
  const sourced = <R extends { readonly runtime: string }>(found: R) => ({
    ...json(found),
    ...provenance(out.terminal, [flags.seed], { runtime: found.runtime }),
  })
  if (select.measured !== undefined && report.measured !== undefined) {
    const images = {
      select: { ...select, measured: select.measured },
      report: { ...report, measured: report.measured },
    }
    const found = await searchByMeasures(flags, command, opened, images, out)
    return found && { result: sourced(found), text: () => describeMeasuredSearch(found), page: undefined }
  }
  const found = await searchByErrors(flags, opened, out)
  if (found === undefined) return undefined
  const result = sourced(found)
  return { result, text: () => describeSearch(found), page: searchPage(result) }
}

/** A flag's value by a parser of its own. */
const parsed =
  <A>(parse: (text: string) => E.Either<{ readonly seen: string; readonly expected: string }, A>) =>
  (text: string): A => {
    const value = parse(text)
    if (E.isRight(value)) return value.right
    throw new InvalidArgumentError(`Expected ${value.left.expected}.`)
  }

const someReductions = (text: string): readonly Reduction[] => text.split(',').map(oneOf(reductions))

/** What `--plan` reads again, with where it comes from. */
export const planFile = (result: Json<SearchResult | MeasuredSearch> & Pick<Sourced, 'command'>): string => {
  const { plan, network, budget, relative_cost, select, report, command } = result
  const adaptive = 'adaptive' in result ? result.adaptive : undefined
  return `${JSON.stringify({ ...(adaptive === undefined ? { plan } : stagesFile(adaptive)), network, budget, relative_cost, select, report, command }, null, 2)}\n`
}

/** Stages spelled out, with how many images came to each. */
const stagesFile = ({ stages, thresholds, measure, shares_percent }: NonNullable<Json<SearchResult>['adaptive']>) => ({
  ...{ stages, thresholds, measure },
  shares: shares_percent.map(percent => percent / 100),
})

/** What is searched, by which images, and how far. */
const searchOptions = (c: Command): Command =>
  c
    .requiredOption(
      '--budget <budget>',
      'what one batch may take: 2.2x of the network without branches, or 8ms',
      parsed(parseBudget),
    )
    .requiredOption(
      '--select <data>',
      `labelled images that the network was not trained on: ${dataForms}; masks:…, pairs:… and downscale:… for networks of other answers`,
    )
    .requiredOption('--report <data>', 'other such images, on which the plan is reported')
    .option('--labels <file>', 'labels of flat folders of images: CSV with the columns file,class_index')
    .option('--sets <list>', `what is done at feature maps: ${searchSets.join(', ')}, {scale(1.2),…}`, defaultSets)
    .addOption(
      new Option('--reductions <list>', reductions.join(', '))
        .argParser(someReductions)
        .default(['geo', 'sum', 'max'], 'geo,sum,max'),
    )
    .addOption(
      new Option('--objective <name>', 'what plans are chosen by: likelihood (calibrated), or error (smoothed)')
        .argParser(oneOf(objectives))
        .default('likelihood'),
    )
    .addOption(new Option('--beam <n>', 'plans that are grown at a time').argParser(wholeNumber(1)).default(4))
    .addOption(
      new Option('--offspring <n>', 'plans next to them that are evaluated').argParser(wholeNumber(1)).default(24),
    )
    .addOption(
      new Option('--screening <n>', 'images by which single transforms are compared first')
        .argParser(wholeNumber(1))
        .default(1000),
    )
    .option('--no-adaptive', 'leave out plans in stages, of which the later ones are for images that need them')
    .addOption(
      new Option(
        '--stages <plans>',
        'the stages, two or three plans, vanilla,vanilla-tta-geo: fits their thresholds alone',
      )
        .argParser(parsed(text => E.mapLeft(([first]: readonly PlanProblem[]) => first)(parseStages(text))))
        .conflicts('adaptive'),
    )
    .addOption(
      new Option('--certainty <measure>', `by what images go on to the next stage: ${certaintyMeasures.join(', ')}`)
        .argParser(oneOf(certaintyMeasures))
        .default('margin'),
    )
    .option(
      '--learn-weights',
      'give the variants of the chosen plan weights: copies, {id,id,flip}@0, which cost nothing',
    )
    .addOption(
      new Option('--batch <n>', 'images at a time, when plans are timed').argParser(wholeNumber(1)).default(128),
    )

/** Why this command has no `--on`, as the others that take long. */
const notDivided = (): never => {
  throw new InvalidArgumentError('search times plans on the machine that it runs on; impact, run and sweep take --on.')
}

/** `espalier search`: where to branch a network, and by what, within a budget of time. */
export const searchCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'search',
      about.search,
      "espalier search --network zoo:cifar-resnet-20 --weights resnet20.safetensors --budget 2.2x --select 'cifar100:DIR?range=0:5000' --report 'cifar100:DIR?range=5000:10000' --out plan.json",
    ),
    reportOptions,
    plainNetworkOptions,
    searchOptions,
    executionOptions(backendNames, `what plans are timed on: ${executorNames.join(', ')}; auto: the fastest here`),
  )
    .option(
      '--cache <folder>',
      'where logits are kept: another budget, or a search that was interrupted, needs them again',
    )
    .option('--out <file>', 'the plan, as a file that --plan takes')
    .addOption(new Option('--on <ray:URL>').hideHelp().argParser(notDivided))
    .action(async (flags: SearchFlags, command: Command) => {
      const out = output(flags, terminal)
      const found = await run(flags, command, out)
      if (found === undefined) {
        const kept =
          flags.cache === undefined ? '' : `; ${flags.cache} has what was computed, and the same command goes on`
        out.note(`Interrupted${kept}.`)
        out.terminal.exitWith(exitCodes.failed)
        return
      }
      if (flags.out !== undefined) {
        await writeWhole(flags.out, planFile(found.result))
        out.note(`Wrote ${flags.out}.`)
      }
      if (found.page !== undefined) await writeReports(flags, found.page, out)
      out.result(found.result, found.text)
    })
