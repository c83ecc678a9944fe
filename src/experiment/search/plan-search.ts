import { reductions as allReductions, type CertaintyMeasure, type Reduction } from '../../../ir/index.ts'
import { type FixedPlan, fixedPlan, type Plan, printPlan } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import type { ExecutorName } from '../../execute/execution.ts'
import type { Precision } from '../../lower/precision.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import type { BackendName } from '../../runtime/backend-names.ts'
import { type Budget, parseBudget } from './budget.ts'
import { overfitted } from './data.ts'
import { checkedStages, parseStages, placedStages } from './given-stages.ts'
import { type Found, flipTta, type SearchNetworkOptions, searchNetwork } from './network.ts'
import type { Objective } from './objective.ts'
import { type SearchResult, searchResult } from './result.ts'
import { sitesIn } from './sequence.ts'
import { defaultSets, parseSets, planOf } from './space.ts'
import { missingBranches, sitesOf } from './trained.ts'

/** How far a search is. */
export type SearchProgress =
  /** Images that went through the graph at hand. */
  | { readonly kind: 'images'; readonly done: number; readonly total: number }
  /** A round with the best plan so far: its error in percent, and its predicted time over vanilla's. */
  | {
      readonly kind: 'round'
      readonly round: number
      readonly evaluated: number
      readonly plan: string
      readonly errorPercent: number
      readonly predictedCost: number
    }
  /** Plans that are now timed, in turns with vanilla. */
  | { readonly kind: 'timing'; readonly plans: readonly string[] }

/** What is searched, by which images, and how far. */
export interface SearchOptions {
  /** What one batch may take: `2.2x` of the network without branches, or `8ms`. */
  readonly budget: string | Budget
  /** What is done at feature maps, as `--sets` takes it. Default `flip,shift,rotate,scale`. */
  readonly sets?: string
  /** Default: all of them. */
  readonly reductions?: readonly Reduction[]
  /** What plans are chosen by: calibrated likelihood (the default), or smoothed errors. */
  readonly objective?: Objective
  /** Plans that are grown at a time. Default 4. */
  readonly beam?: number
  /** Plans next to them that are evaluated. Default 24. */
  readonly offspring?: number
  /** Images by which single transforms are compared first. Default 1000. */
  readonly screening?: number
  /** Whether plans in stages are looked at: some images go on to dearer plans. Default true. */
  readonly adaptive?: boolean
  /** Two or three plans that are the stages, as `--stages` takes them: only their thresholds are looked for. */
  readonly stages?: string | readonly Plan[]
  /** By what an image goes on to the next stage. Default `margin`. */
  readonly measure?: CertaintyMeasure
  /** Whether the variants of the chosen plan are given weights: copies, which cost nothing. */
  readonly learnWeights?: boolean
  /** The plan that the network was trained under. */
  readonly trained?: FixedPlan
  /** Images at a time, when plans are timed. Default 128. */
  readonly batch?: number
  readonly backend?: BackendName
  /** What plans are timed on. Default `auto`: the fastest here. */
  readonly executor?: ExecutorName | 'auto'
  /** Default float32. */
  readonly precision?: Precision
  readonly seed?: number
  /** A folder where logits are kept: another budget, or a search that was interrupted, needs them again. */
  readonly cache?: string
  readonly debug?: boolean
  /** Aborted, the search fails with its reason; what was computed is in the cache. */
  readonly signal?: AbortSignal
  /** Told of images and rounds as they are done. */
  readonly onProgress?: (progress: SearchProgress) => void
}

/** Images that plans are chosen by, and others that they are reported on. */
export interface SearchImages {
  readonly select: Images
  readonly report: Images
}

const warningsOf = (found: Found, network: Network, trained: FixedPlan | undefined): readonly string[] => {
  const { searched, select, report, choice, times } = found
  const onReport = report.evidence.score([], 'geo')
  /** Of a plan in stages those of the first, which all images go through. */
  const [sites] = choice.chosen === undefined ? [[]] : sitesIn(choice.chosen.candidate)
  return [
    overfitted({ images: select.images, wrong: searched.vanilla.score.wrong }, onReport),
    trained === undefined ? undefined : missingBranches(trained, sites, network.graph),
    times < 1
      ? `Vanilla itself takes ${found.vanillaMilliseconds.toFixed(1)} ms a batch: more than the budget.`
      : undefined,
  ].filter(warning => warning !== undefined)
}

const stagesFrom = (stages: string | readonly Plan[]): readonly FixedPlan[] =>
  typeof stages === 'string'
    ? orThrow(parseStages(stages))
    : orThrow(checkedStages(stages.map(plan => orThrow(fixedPlan(plan, 'a stage')))))

/**
 * The best plan for a network within a budget of time, chosen by some labelled images and reported on others.
 * @throws EspalierError where something does not fit, and the signal's reason where it is aborted
 */
export const searchPlan = async (
  network: Network,
  images: SearchImages,
  {
    budget,
    sets = defaultSets,
    reductions = allReductions,
    objective = 'likelihood',
    batch = 128,
    executor = 'auto',
    precision = 'float32',
    seed = 0,
    adaptive = true,
    stages,
    measure = 'margin',
    trained,
    onProgress = () => {},
    ...others
  }: SearchOptions,
  call: Partial<Pick<Parameters<typeof searchResult>[1], 'initializedFrom' | 'data'>> = {},
): Promise<SearchResult> => {
  const begun = performance.now()
  const options: SearchNetworkOptions = {
    ...others,
    ...images,
    ...{ reductions, objective, adaptive, measure, batch, executor, precision, seed },
    stages: stages === undefined ? undefined : orThrow(placedStages(stagesFrom(stages), network.graph, seed)),
    budget: typeof budget === 'string' ? orThrow(parseBudget(budget)) : budget,
    transforms: orThrow(parseSets(sets)),
    start: trained === undefined ? [flipTta] : [flipTta, sitesOf(trained, network.graph)],
    onImages: (done, total) => onProgress({ kind: 'images', done, total }),
    onTiming: plans => onProgress({ kind: 'timing', plans: plans.map(printPlan) }),
    onRound: ({ round, evaluated, best: { sites, reduction, score, cost } }) =>
      onProgress({
        kind: 'round',
        round,
        evaluated,
        plan: printPlan(planOf(sites, reduction)),
        errorPercent: (100 * score.wrong) / score.images,
        predictedCost: cost,
      }),
  }
  const found = await searchNetwork(network, options)
  return searchResult(found, {
    network: network.name,
    initializedFrom: call.initializedFrom,
    options,
    sets,
    data: call.data ?? { select: images.select.data.name, report: images.report.data.name },
    warnings: warningsOf(found, network, trained),
    seconds: (performance.now() - begun) / 1000,
  })
}
