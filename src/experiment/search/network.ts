import { either as E } from 'fp-ts'
import type { CertaintyMeasure, Reduction, Transform } from '../../../ir/index.ts'
import { type AdaptivePlan, featureMaps, fetching, multiplyAdds, type Plan } from '../../../passes/index.ts'
import { compileNetwork } from '../../compile/compile.ts'
import type { CompiledStage } from '../../compile/compiled-stages.ts'
import type { ExecutorName } from '../../execute/execution.ts'
import type { Clock } from '../../execute/race.ts'
import type { Precision } from '../../lower/precision.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import type { BackendName } from '../../runtime/backend-names.ts'
import { openVariants } from '../variants/logits.ts'
import { type Budget, timesOf } from './budget.ts'
import { choose, type Measured } from './choice.ts'
import { compiledCost, predictedLeeway, relativeMultiplyAdds } from './cost.ts'
import { type Evidence, evidence, type LogitsOf } from './evidence.ts'
import type { Objective } from './objective.ts'
import { planTimer } from './plan-timer.ts'
import { type BranchedPlan, judgedAlone, type Round, type Searched, search } from './search.ts'
import { type Choosable, sitesIn, worthOf } from './sequence.ts'
import { keyOf, placesOf, planOf, type Sites } from './space.ts'
import { type InStages, searchStages } from './stages.ts'
import { weighted } from './weights.ts'

export interface SearchNetworkOptions {
  readonly budget: Budget
  readonly select: Images
  readonly report: Images
  readonly transforms: readonly Transform[]
  readonly reductions: readonly Reduction[]
  readonly objective: Objective
  /** Images at a time, when plans are timed. */
  readonly batch: number
  readonly backend?: BackendName
  readonly executor: ExecutorName | 'auto'
  readonly precision: Precision
  readonly seed: number
  /** Of the search. */
  readonly beam?: number
  readonly offspring?: number
  readonly screening?: number
  readonly start?: readonly Sites[]
  /** Whether plans in stages are looked at. */
  readonly adaptive: boolean
  /** The only plans to look at, as stages in their order. */
  readonly stages?: readonly BranchedPlan[] | undefined
  /** How certain an answer is, in stages. */
  readonly measure: CertaintyMeasure
  /** Whether the chosen plan's transforms are given weights. */
  readonly learnWeights?: boolean
  /** A folder where logits are kept. */
  readonly cache?: string
  readonly debug?: boolean
  /** By which plans are timed. */
  readonly clock?: Clock
  /** Aborted, what was computed is kept in the cache. */
  readonly signal?: AbortSignal
  readonly onRound?: (round: Round) => void
  readonly onImages?: (done: number, total: number) => void
  /** Told of plans before they are timed. */
  readonly onTiming?: (plans: readonly Plan[]) => void
}

export interface Found {
  readonly searched: Searched
  /** What was chosen, if anything beats vanilla within the budget, and all that was timed. */
  readonly choice: {
    readonly chosen: Measured<Choosable> | undefined
    readonly measured: readonly Measured<Choosable>[]
  }
  /** The best plan in stages that keeps the budget, with its time where every image goes through all of them. */
  readonly sequence: InStages['best']
  /** Times of vanilla's that a plan may take. */
  readonly times: number
  /** Of one batch. */
  readonly vanillaMilliseconds: number
  readonly select: { readonly images: number; readonly labels: readonly number[] }
  /** Images that nothing was chosen by, with the variants of vanilla, flip TTA and what was timed. */
  readonly report: { readonly images: number; readonly labels: readonly number[]; readonly evidence: Evidence }
  readonly runtime: { readonly backend: string; readonly executor: string; readonly describe: string }
}

/** Flip TTA, as libraries do it. */
export const flipTta: Sites = [
  {
    map: 0,
    transforms: [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
    ],
  },
]

/** Labelled images, which are read once, with the network's variants on them. */
interface OpenImages {
  readonly labels: readonly number[]
  readonly logitsOf: LogitsOf
}

/** Opens images for an executor. @throws EspalierError where one cannot be read */
const openImages = async (
  network: Network,
  images: Images,
  { batch: _, onImages, signal, ...options }: SearchNetworkOptions,
): Promise<OpenImages> => {
  const variants = await openVariants(network, images, {
    ...options,
    signal,
    onBatch: ({ done, total }) => onImages?.(done, total),
  })
  return {
    labels: (await variants.scan(images.data.count)).labels ?? [],
    logitsOf: async (wanted, count) => {
      const { logits } = await variants.logits(wanted, count)
      signal?.throwIfAborted()
      return logits
    },
  }
}

/** Numbers of an image that come to a stage and did not come to the one before. */
const fetched = ({ brought }: CompiledStage, before: CompiledStage): number =>
  brought
    .filter(({ name }) => !before.brought.some(earlier => earlier.name === name))
    .reduce((sum, { numbers }) => sum + numbers, 0)

/** Multiply-adds of a plan's stages relative to vanilla's, as compiled, with what it takes to fetch numbers for the next stage; infinite where it does not fit the network. */
const compiledStagePrices = (
  network: Network,
  { batch, backend, seed }: SearchNetworkOptions,
): ((plan: AdaptivePlan) => readonly number[]) => {
  const plain = multiplyAdds(network.graph)
  return plan => {
    const compiled = compileNetwork(network, plan, { seed, batch, backend })
    if (E.isLeft(compiled)) return plan.stages.map((_, k) => (k === 0 ? 1 : Number.POSITIVE_INFINITY))
    const { stages = [] } = compiled.right
    return stages.map((stage, k) => {
      const next = stages[k + 1]
      return (stage.multiplyAdds.total + (next === undefined ? 0 : fetching * fetched(next, stage))) / plain
    })
  }
}

/** A plan through which one image in so many goes may take what the budget has for them; but no more than this. */
const [oneIn, dearest] = [10, 6]

/**
 * The best plan for a network within a budget, chosen by some labelled images and reported on others. What vanilla is timed on
 * runs everything: under `auto` the fastest.
 * @throws EspalierError where data or executor do not fit the network, and the signal's reason where it is aborted
 */
export const searchNetwork = async (network: Network, options: SearchNetworkOptions): Promise<Found> => {
  const { budget, batch, backend, precision, seed, signal, stages } = options
  const { clock, executor, onTiming } = options
  const timer = planTimer(network, { batch, executor, precision, seed, backend, clock, signal, onTiming })
  const { vanilla, ...runtime } = await timer.time([])
  const times = timesOf(budget, vanilla.milliseconds.median)
  const open = (images: Images): Promise<OpenImages> =>
    openImages(network, images, { ...options, executor: timer.executor() })
  const { labels, logitsOf } = await open(options.select)
  const cost = compiledCost(network, 'geo', options)
  const adaptive = options.adaptive && times > 1
  const searched =
    stages === undefined
      ? await search(
          {
            labels,
            places: placesOf(featureMaps(network.graph), options.transforms),
            logitsOf,
            guessedCost: relativeMultiplyAdds(network.graph),
            cost,
          },
          {
            ...options,
            most: times * predictedLeeway,
            mostOfSome: adaptive ? Math.min(dearest, 1 + oneIn * (times - 1)) : undefined,
          },
        )
      : await judgedAlone(stages, { labels, logitsOf, cost })
  const { chosen, measured } =
    stages === undefined
      ? await choose(searched, labels, times, async candidates =>
          (await timer.time(candidates.map(({ sites, reduction }) => planOf(sites, reduction)))).plans.map(
            ({ relative }) => relative,
          ),
        )
      : { chosen: undefined, measured: [] }
  const fixed =
    chosen === undefined || options.learnWeights !== true
      ? chosen
      : { ...chosen, candidate: await weighted(searched, labels, chosen.candidate) }
  const {
    best: sequence,
    alone,
    measured: sequences,
  }: InStages = adaptive
    ? await searchStages(
        { graph: network.graph, images: options.select, labels, searched },
        {
          ...options,
          ...{ budget: times, always: [flipTta] },
          compiledPrices: compiledStagePrices(network, options),
          time: timer.time,
        },
      )
    : { best: undefined, alone: [], measured: [] }
  const known = new Set(measured.map(({ candidate }) => keyOf(candidate.sites)))
  const choice: Found['choice'] = {
    chosen:
      sequence !== undefined &&
      (fixed === undefined || worthOf(sequence.candidate.score) < worthOf(fixed.candidate.score))
        ? sequence
        : fixed,
    measured: [
      ...measured,
      ...alone.filter(({ candidate: { sites } }) => sites.length > 0 && !known.has(keyOf(sites))),
      ...sequences,
    ],
  }
  const report = await open(options.report)
  const onReport = evidence(report.labels, report.logitsOf)
  await onReport.gather([[], flipTta, ...choice.measured.flatMap(({ candidate }) => sitesIn(candidate))])
  return {
    searched,
    choice,
    sequence,
    times,
    vanillaMilliseconds: vanilla.milliseconds.median,
    select: { images: labels.length, labels },
    report: { images: report.labels.length, labels: report.labels, evidence: onReport },
    runtime: { backend: runtime.backend, executor: runtime.executor, describe: runtime.describe },
  }
}
