import { type Command, InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import { type CertaintyMeasure, certaintyMeasures, type Reduction, reductions } from '../../ir/index.ts'
import type { FixedPlan, PlanProblem } from '../../passes/index.ts'
import { ratio } from '../base/format.ts'
import { type Json, json } from '../base/json.ts'
import { executorNames } from '../execute/execution.ts'
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
import { openWork } from '../open/opening.ts'
import { searchPage } from '../report/page/search-page.ts'
import { type BackendName, backendNames } from '../runtime/backend-names.ts'
import { about } from './about.ts'
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
import { imageParts, progressBar } from './progress-bar.ts'
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
  readonly adaptive: boolean
  readonly stages?: readonly FixedPlan[]
  readonly certainty: CertaintyMeasure
  readonly learnWeights?: boolean
  readonly batch: number
  readonly cache?: string
  readonly out?: string
}

/** Searches with notes and, on a terminal, a progress bar; undefined where it was interrupted. */
const watched = (
  search: (options: Pick<SearchOptions, 'signal' | 'onProgress'>) => Promise<SearchResult>,
  out: Output,
): Promise<SearchResult | undefined> =>
  untilInterrupted(async signal => {
    const bar = progressBar(out, imageParts)
    const onProgress = (progress: SearchProgress): void => {
      if (progress.kind === 'images') {
        bar.at(progress.done, progress.total)
        if (progress.done === progress.total) bar.stop()
        return
      }
      if (progress.kind === 'timing') {
        out.note(`Timing ${['vanilla', ...progress.plans].join(', ')}.`)
        return
      }
      const { round, evaluated, plan, errorPercent, predictedCost } = progress
      const worth = `${plan}, error ${errorPercent.toFixed(2)} %, predicted time ${ratio(predictedCost)}`
      out.note(`Round ${round}, ${evaluated} plans: ${worth}.`)
    }
    try {
      return await search({ signal, onProgress })
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    } finally {
      bar.stop()
    }
  })

const run = async (flags: SearchFlags, out: CommandOutput): Promise<SearchResult | undefined> => {
  if (flags.out !== undefined) await prepareFile(flags.out)
  await prepareReports(flags)
  await checkApart(flags.select, flags.report)
  const { labels } = flags
  const data = [
    { reference: flags.select, labels, flag: '--select' },
    { reference: flags.report, labels, flag: '--report' },
  ]
  const { network, images, weightsMetadata, initializedFrom } = await openWork(flags, data, {
    labels: 'needed',
    note: out.note,
  })
  const [select, report] = images
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
  const result = await watched(
    watching =>
      searchPlan(
        network,
        { select, report },
        { ...options, ...watching },
        { initializedFrom, data: { select: flags.select, report: flags.report } },
      ),
    out,
  )
  for (const warning of result?.warnings ?? []) out.note(`Warning: ${warning}`)
  return result
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
export const planFile = (result: Json<SearchResult> & Pick<Sourced, 'command'>): string => {
  const { plan, adaptive, network, budget, relative_cost, select, report, command } = result
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
    .action(async (flags: SearchFlags) => {
      const out = output(flags, terminal)
      const found = await run(flags, out)
      if (found === undefined) {
        const kept =
          flags.cache === undefined ? '' : `; ${flags.cache} has what was computed, and the same command goes on`
        out.note(`Interrupted${kept}.`)
        out.terminal.exitWith(exitCodes.failed)
        return
      }
      const result = { ...json(found), ...provenance(terminal, [flags.seed], { runtime: found.runtime }) }
      if (flags.out !== undefined) {
        await writeWhole(flags.out, planFile(result))
        out.note(`Wrote ${flags.out}.`)
      }
      await writeReports(flags, searchPage(result), out)
      out.result(result, () => describeSearch(found))
    })
