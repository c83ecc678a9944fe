import { type Command, InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import { type Reduction, reductions } from '../../ir/index.ts'
import { type Plan, printPlan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { ratio } from '../base/format.ts'
import { executorNames } from '../execute/executor.ts'
import { type Budget, parseBudget } from '../experiment/search/budget.ts'
import { apart, overfitted } from '../experiment/search/data.ts'
import { type Found, flipTta, type SearchNetworkOptions, searchNetwork } from '../experiment/search/network.ts'
import { type Objective, objectives } from '../experiment/search/objective.ts'
import { describeSearch, type SearchResult, searchResult } from '../experiment/search/result.ts'
import { defaultSets, parseSets, planOf, searchSets } from '../experiment/search/space.ts'
import { missingBranches, sitesOf, trainedPlan } from '../experiment/search/trained.ts'
import type { Network } from '../network/network.ts'
import { openWork } from '../open/opening.ts'
import { searchPage } from '../report/page/search-page.ts'
import { type BackendName, backendNames } from '../runtime/backend.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { untilInterrupted } from './interrupt.ts'
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
import { type CommandOutput, type CommonOptions, exitCodes, type Output, output } from './output.ts'
import { imagesFormat, progressBar } from './progress-bar.ts'
import { provenance } from './provenance.ts'
import { prepareReports, type ReportFlags, reportOptions, writeReports } from './report-files.ts'
import type { Terminal } from './terminal.ts'

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
  readonly learnWeights?: boolean
  readonly batch: number
  readonly cache?: string
  readonly out?: string
}

/** Searches with notes and, on a terminal, a progress bar; undefined where it was interrupted. */
const watched = (network: Network, options: SearchNetworkOptions, out: Output): Promise<Found | undefined> =>
  untilInterrupted(async signal => {
    const bar = progressBar(out, imagesFormat)
    try {
      return await searchNetwork(network, {
        ...options,
        signal,
        onImages: (done, total) => {
          bar.at(done, total)
          if (done === total) bar.stop()
        },
        onRound: ({ round, evaluated, best: { sites, reduction, score, cost } }) => {
          const error = ((100 * score.wrong) / score.images).toFixed(2)
          const plan = printPlan(planOf(sites, reduction))
          out.note(`Round ${round}, ${evaluated} plans: ${plan}, error ${error} %, predicted time ${ratio(cost)}.`)
        },
      })
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    } finally {
      bar.stop()
    }
  })

const warningsOf = (found: Found, network: Network, trained: Plan | undefined): readonly string[] => {
  const { searched, select, report, choice, times } = found
  const onReport = report.evidence.score([], 'geo')
  const sites = choice.chosen?.candidate.sites ?? []
  return [
    overfitted({ images: select.images, wrong: searched.vanilla.score.wrong }, onReport),
    trained === undefined ? undefined : missingBranches(trained, sites, network.graph),
    times < 1
      ? `Vanilla itself takes ${found.vanillaMilliseconds.toFixed(1)} ms a batch: more than the budget.`
      : undefined,
  ].filter(warning => warning !== undefined)
}

const run = async (flags: SearchFlags, out: CommandOutput): Promise<SearchResult | undefined> => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  orThrow(await apart(flags.select, flags.report))
  const { labels } = flags
  const data = [
    { reference: flags.select, labels, flag: '--select' },
    { reference: flags.report, labels, flag: '--report' },
  ]
  const source = await openWork(flags, data, { labels: 'needed', note: out.note })
  const { network } = source
  const [select, report] = source.images
  const trained = source.weightsMetadata && trainedPlan(source.weightsMetadata)
  const { budget, batch, executor, precision, seed, objective, beam, offspring, screening } = flags
  const options: SearchNetworkOptions = {
    ...{ budget, batch, executor, precision, seed, objective, beam, offspring, screening },
    reductions: flags.reductions,
    select,
    report,
    transforms: orThrow(parseSets(flags.sets)),
    start: trained === undefined ? [flipTta] : [flipTta, sitesOf(trained, network.graph)],
    learnWeights: flags.learnWeights ?? false,
    debug: flags.debug ?? false,
    ...(flags.backend === undefined ? {} : { backend: flags.backend }),
    ...(flags.cache === undefined ? {} : { cache: flags.cache }),
  }
  out.note(`Transforms at feature maps are compared on ${screening} images first, the best of them on all.`)
  const begun = performance.now()
  const found = await watched(network, options, out)
  if (found === undefined) return undefined
  const warnings = warningsOf(found, network, trained)
  for (const warning of warnings) out.note(`Warning: ${warning}`)
  return searchResult(found, {
    network: network.name,
    initializedFrom: source.initializedFrom,
    options,
    sets: flags.sets,
    data: { select: flags.select, report: flags.report },
    warnings,
    seconds: (performance.now() - begun) / 1000,
    sourced: provenance(out.terminal, [flags.seed], { runtime: found.runtime.describe }),
  })
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
const planFile = ({ plan, network, budget, relative_cost, select, report, command }: SearchResult): string =>
  `${JSON.stringify({ plan, network, budget, relative_cost, select, report, command }, null, 2)}\n`

/** What is searched, by which images, and how far. */
const searchOptions = (c: Command): Command =>
  c
    .requiredOption(
      '--budget <budget>',
      'what one batch may take: 2.2x of the network without branches, or 8ms',
      parsed(parseBudget),
    )
    .requiredOption('--select <data>', `labelled images that the network was not trained on: ${dataForms}`)
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
    .option(
      '--learn-weights',
      'give the variants of the chosen plan weights: copies, {id,id,flip}@0, which cost nothing',
    )
    .addOption(
      new Option('--batch <n>', 'images at a time, when plans are timed').argParser(wholeNumber(1)).default(128),
    )

/** `espalier search`: where to branch a network, and by what, within a budget of time. */
export const searchCommand = (terminal: Terminal): Command =>
  F.pipe(
    command(
      'search',
      'the best plan for a network within a budget of time: chosen by some images, reported on others',
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
    .action(async (flags: SearchFlags) => {
      const out = output(flags, terminal)
      const result = await run(flags, out)
      if (result === undefined) {
        const kept =
          flags.cache === undefined ? '' : `; ${flags.cache} has what was computed, and the same command goes on`
        out.note(`Interrupted${kept}.`)
        out.terminal.exitWith(exitCodes.failed)
        return
      }
      if (flags.out !== undefined) {
        await writeWhole(flags.out, planFile(result))
        out.note(`Wrote ${flags.out}.`)
      }
      await writeReports(flags, searchPage(result), out)
      out.result(result, () => describeSearch(result))
    })
