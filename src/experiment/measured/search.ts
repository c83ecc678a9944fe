import { EspalierError } from '../../../ir/index.ts'
import { featureMaps, printPlan } from '../../../passes/index.ts'
import { orThrow, sourceProblem } from '../../base/error.ts'
import { listed } from '../../base/format.ts'
import { measuresOfEach, type NamedMeasure } from '../../measures/index.ts'
import { answersMaps, type Network } from '../../network/network.ts'
import { type Budget, parseBudget, printBudget, timesOf } from '../search/budget.ts'
import { bestByTheClock, timesBy, together } from '../search/choice.ts'
import { compiledCost, predictedLeeway } from '../search/cost.ts'
import { flipTta } from '../search/network.ts'
import type { SearchProgress } from '../search/plan-search.ts'
import { planTimer } from '../search/plan-timer.ts'
import type { SearchResult } from '../search/result.ts'
import { defaultSets, parseSets, placesOf, planOf, type Sites } from '../search/space.ts'
import { defaultBatch } from '../variants/logits.ts'
import { changesOf, type MeasureChange, measureChanges } from './changes.ts'
import { grow, type Judged } from './grow.ts'
import { type MeasuredImages, type MeasuredOptions, type PlanRun, planRunner } from './run-plan.ts'

/** How far a search by measures is. */
export type MeasuredSearchProgress =
  | Exclude<SearchProgress, { readonly kind: 'round' }>
  /** A round with the best plan so far: what it adds to the first measure of an image, and its predicted time over vanilla's. */
  | {
      readonly kind: 'round'
      readonly round: number
      readonly evaluated: number
      readonly plan: string
      readonly difference: MeasureChange
      readonly predictedCost: number
    }

/** What is searched, and how far. */
export interface MeasuredSearchOptions extends Omit<MeasuredOptions, 'limit' | 'onProgress'> {
  /** What one batch may take: `2.2x` of the network without branches, or `8ms`. */
  readonly budget: string | Budget
  /** What is done at feature maps, as `--sets` takes it. Default `d4` where maps come out, else `flip,shift,rotate,scale`. */
  readonly sets?: string | undefined
  /** Images by which plans are compared first. Default 100. */
  readonly screening?: number | undefined
  /** Plans of a round that are compared on all images. Default 8. */
  readonly offspring?: number | undefined
  /** Told of images and rounds as they are done. */
  readonly onProgress?: (progress: MeasuredSearchProgress) => void
}

/** Images that plans are chosen by, and others that they are reported on. */
export interface MeasuredSearchImages {
  readonly select: MeasuredImages
  readonly report: MeasuredImages
}

/** What a plan does to the measures of each image of a data set, beside the network as it is. */
export interface MeasuredOn {
  readonly data: string
  readonly images: number
  readonly measures: readonly MeasureChange[]
}

/** The plan that was chosen, with its measures on the images that it was chosen by and on others; costs are times over vanilla's. */
export interface MeasuredSearch
  extends Pick<PlanRun, 'backend' | 'executor' | 'precision' | 'batch'>,
    Pick<SearchResult, 'network' | 'initializedFromSeed' | 'plan' | 'beatsVanilla' | 'budget' | 'budgetRelative'>,
    Pick<SearchResult, 'relativeCost' | 'vanillaMilliseconds' | 'sets' | 'runtime' | 'rounds' | 'seconds'> {
  readonly select: MeasuredOn
  /** Images that nothing was chosen by, flip TTA beside the plan. */
  readonly report: MeasuredOn & { readonly ttaMeasures: readonly MeasureChange[] }
  /** All that was timed, with what was predicted, and its measures on the images that plans were chosen by. */
  readonly timed: readonly {
    readonly plan: string
    readonly relativeCost: number
    readonly predictedCost: number
    readonly measures: readonly MeasureChange[]
  }[]
  /** How many plans were compared on all images. */
  readonly evaluated: number
}

const reduction = 'mean'

const setsFor = (network: Network): string => (answersMaps(network) ? 'd4' : defaultSets)

/** Measures that both data sets have. @throws EspalierError where they have different ones, or none of one image */
const measuresOfBoth = ({ select, report }: MeasuredSearchImages): readonly NamedMeasure[] => {
  const [measures, others] = [measuresOfEach(select.measured, '--select'), measuresOfEach(report.measured, '--report')]
  const named = (all: readonly NamedMeasure[]): string => listed(all.map(({ title }) => title))
  if (named(measures) !== named(others))
    throw new EspalierError([
      sourceProblem('bad-input', '--report', `images that have ${named(others)}`, `${named(measures)}, as --select`),
    ])
  return measures
}

const nameOf = (sites: Sites): string => printPlan(planOf(sites, reduction))

type Sought = Omit<MeasuredOptions, 'limit' | 'onProgress'> &
  Required<Pick<MeasuredSearchOptions, 'batch' | 'onProgress'>>

/** What runs branches on images, or on the first so many of them. */
const runnerOf =
  (network: Network, { onProgress, ...options }: Sought) =>
  async (images: MeasuredImages, sites: Sites, limit?: number): Promise<PlanRun> => {
    const told = ({ done, total }: { readonly done: number; readonly total: number }) =>
      onProgress({ kind: 'images', done, total })
    const run = await planRunner(network, images, { ...options, limit, onProgress: told }, 1)
    const found = await run(planOf(sites, reduction))
    options.signal?.throwIfAborted()
    return found
  }

/**
 * The best plan for a network whose answers are measured, within a budget of time, chosen by some images and reported on others. Plans grow by a
 * transform at a time, the one that gains most by the first measure, beyond chance; the clock then says which of them keep the budget.
 * @throws EspalierError where something does not fit or nothing measures one image, and the signal's reason where it is aborted
 */
export const measuredSearch = async (
  network: Network,
  images: MeasuredSearchImages,
  {
    budget: asked,
    sets = setsFor(network),
    screening = 100,
    offspring = 8,
    batch = defaultBatch(network),
    executor = 'auto',
    onProgress = () => {},
    ...options
  }: MeasuredSearchOptions,
  call: {
    readonly initializedFrom?: number | undefined
    readonly data?: { readonly [A in 'select' | 'report']: string }
  } = {},
): Promise<MeasuredSearch> => {
  const begun = performance.now()
  const measures = measuresOfBoth(images)
  const budget = typeof asked === 'string' ? orThrow(parseBudget(asked)) : asked
  const places = placesOf(featureMaps(network.graph), orThrow(parseSets(sets)))
  const timer = planTimer(network, {
    ...{ ...options, batch, executor },
    onTiming: plans => onProgress({ kind: 'timing', plans: plans.map(printPlan) }),
  })
  const {
    vanilla: { milliseconds: plain },
    describe,
  } = await timer.time([])
  const times = timesOf(budget, plain.median)
  const runOn = runnerOf(network, { ...options, batch, executor: timer.executor(), onProgress })
  const backend = options.backend === 'auto' ? undefined : options.backend
  const cost = compiledCost(network, reduction, { batch, seed: options.seed, backend })
  const changes = ({ images: own }: PlanRun, { images: over }: PlanRun): readonly MeasureChange[] =>
    measureChanges(measures, changesOf(measures, over, own))
  const most = times * predictedLeeway
  const { vanilla, tta, better, rounds, evaluated } = await grow({
    ...{ places, measure: measures[0], cost, most, screening, offspring },
    run: (sites, limit) => runOn(images.select, sites, limit),
    onRound: ({ sites, cost: predictedCost, run }, { run: over }, round) =>
      onProgress({ kind: 'round', ...round, plan: nameOf(sites), difference: changes(run, over)[0], predictedCost }),
  })

  const timed = timesBy(async (group: readonly Judged[]) => {
    const { plans } = await timer.time(group.map(({ sites }) => planOf(sites, reduction)))
    return plans.map(({ relative }) => relative)
  })
  const waiting = better.filter(judged => judged.cost <= most)
  const next = async () => waiting.splice(0, together)
  const chosen = await bestByTheClock({ ranked: better, next, timed, budget: times })
  if (!timed.times.has(tta)) await timed.time([tta])

  const { sites, run } = chosen ?? vanilla
  const [plainOnReport, ttaOnReport] = [await runOn(images.report, []), await runOn(images.report, flipTta)]
  const alreadyOnReport = new Map([
    [vanilla, plainOnReport],
    [tta, ttaOnReport],
  ])
  const chosenOnReport = alreadyOnReport.get(chosen ?? vanilla) ?? (await runOn(images.report, sites))
  const on = (name: 'select' | 'report', own: PlanRun, over: PlanRun): MeasuredOn => ({
    data: call.data?.[name] ?? images[name].data.name,
    images: own.images.length,
    measures: changes(own, over),
  })
  return {
    network: network.name,
    ...(call.initializedFrom === undefined ? {} : { initializedFromSeed: call.initializedFrom }),
    plan: nameOf(sites),
    beatsVanilla: chosen !== undefined,
    budget: printBudget(budget),
    budgetRelative: times,
    relativeCost: (chosen && timed.times.get(chosen)) ?? 1,
    vanillaMilliseconds: plain.median,
    select: on('select', run, vanilla.run),
    report: { ...on('report', chosenOnReport, plainOnReport), ttaMeasures: changes(ttaOnReport, plainOnReport) },
    timed: [...timed.times]
      .map(([judged, relativeCost]) => ({
        ...{ plan: nameOf(judged.sites), relativeCost, predictedCost: judged.cost },
        measures: changes(judged.run, vanilla.run),
      }))
      .toSorted((a, b) => a.relativeCost - b.relativeCost),
    sets,
    ...{ backend: vanilla.run.backend, executor: vanilla.run.executor, precision: vanilla.run.precision, batch },
    runtime: describe,
    ...{ rounds, evaluated, seconds: (performance.now() - begun) / 1000 },
  }
}
