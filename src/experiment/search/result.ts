import { type CertaintyMeasure, printTransform, type Reduction } from '../../../ir/index.ts'
import { printPlan } from '../../../passes/index.ts'
import { rankOf, wilsonPercent } from '../../execute/score.ts'
import { mcNemar } from '../mcnemar.ts'
import { differenceInterval, turnsOf } from '../paired.ts'
import { printBudget } from './budget.ts'
import { likelihoodSigma, type Measured, shownFront } from './choice.ts'
import { type CurvePoint, curveOf } from './curve.ts'
import type { Evidence } from './evidence.ts'
import { type Found, flipTta, type SearchNetworkOptions } from './network.ts'
import type { Objective } from './objective.ts'
import type { BranchedPlan } from './search.ts'
import {
  adaptivePlan,
  type Choosable,
  isSequence,
  type JudgedPlan,
  judged,
  lastOf,
  type Sequence,
  sharesOf,
  sitesIn,
} from './sequence.ts'
import { sequenceSigma } from './sequences.ts'
import { planOf, type Sites } from './space.ts'

type Interval = readonly [low: number, high: number]

/** An error rate in percent, with Wilson's 95 % interval. */
interface Rate {
  readonly errorPercent: number
  readonly errorIntervalPercent: Interval
}

/** Of images on which two answers differ: how many the plan turned right, and wrong, and how likely so uneven a split is by chance. */
interface Compared {
  readonly won: number
  readonly lost: number
  readonly pValue: number
}

/** A plan with its measured time over vanilla's, and its errors in percent. */
export interface FrontPlan {
  readonly plan: string
  readonly relativeCost: number
  /** On the images that plans were chosen by. */
  readonly errorPercent: number
  /** On those that nothing was chosen by. */
  readonly reportErrorPercent: number
  /** 95 % intervals of the difference to vanilla's error on the same images, in points. */
  readonly differenceInterval: Interval
  readonly reportDifferenceInterval: Interval
}

/** What a chosen plan has whose images go through stages as far as they need. */
export interface StagesFound {
  readonly stages: readonly string[]
  readonly thresholds: readonly number[]
  readonly measure: CertaintyMeasure
  /** Of the images that thresholds were fitted to, how many come to each stage, in percent; and of the others. */
  readonly sharesPercent: readonly number[]
  readonly reportSharesPercent: readonly number[]
  /** Where every image goes through all stages. */
  readonly worstRelativeCost: number
}

/** The plan that was chosen, with its errors on the images that it was chosen by and on others; costs are times over vanilla's. */
export interface SearchResult {
  readonly network: string
  /** The seed of weights that nobody trained. */
  readonly initializedFromSeed?: number
  /** The chosen plan; vanilla where nothing beats it within the budget. */
  readonly plan: string
  readonly beatsVanilla: boolean
  readonly budget: string
  readonly budgetRelative: number
  /** Of a plan in stages the mean over images. */
  readonly relativeCost: number
  /** Of one batch. */
  readonly vanillaMilliseconds: number
  /** Where the plan has stages. */
  readonly adaptive?: StagesFound
  /** How many distinct variants the plan has at each feature map, in its last stage if it has stages. */
  readonly branches: readonly { readonly map: number; readonly variants: number }[]
  readonly select: Rate &
    Compared & {
      readonly data: string
      readonly images: number
      readonly vanillaErrorPercent: number
      /** By how many standard errors the plan makes labels likelier than vanilla does. */
      readonly likelihoodGainSigma: number
    }
  readonly report: Rate &
    Compared & {
      readonly data: string
      readonly images: number
      readonly vanillaErrorPercent: number
      readonly vanillaErrorIntervalPercent: Interval
      readonly ttaErrorPercent: number
      readonly ttaErrorIntervalPercent: Interval
    }
  /** Plans than which none is as fast and errs as little, the fastest first. */
  readonly front: readonly FrontPlan[]
  /** The best plan in stages as its thresholds move. */
  readonly curve?: { readonly stages: readonly string[]; readonly points: readonly CurvePoint[] }
  /** All that was timed, with what was predicted, and how it errs on the images that plans were chosen by. */
  readonly timed: readonly (Pick<FrontPlan, 'plan' | 'relativeCost' | 'errorPercent' | 'differenceInterval'> & {
    readonly predictedCost: number
  })[]
  readonly sets: string
  readonly reductions: readonly Reduction[]
  readonly objective: Objective
  readonly batch: number
  readonly backend: string
  readonly executor: string
  readonly precision: string
  /** What computed, with its version. */
  readonly runtime: string
  readonly rounds: number
  /** How many plans were judged. */
  readonly evaluated: number
  readonly seconds: number
  readonly warnings?: readonly string[]
}

export interface SearchCall {
  readonly network: string
  readonly initializedFrom: number | undefined
  readonly options: SearchNetworkOptions
  /** As they were asked for. */
  readonly sets: string
  readonly data: { readonly select: string; readonly report: string }
  readonly warnings: readonly string[]
  readonly seconds: number
}

const fixedName = ({ sites, reduction }: BranchedPlan): string => printPlan(planOf(sites, reduction))

const name = (plan: Choosable): string => (isSequence(plan) ? printPlan(adaptivePlan(plan)) : fixedName(plan))

/** Labelled images with what plans answer on them. */
interface Judging {
  readonly evidence: Evidence
  readonly labels: readonly number[]
}

/** Stages of a sequence on images. */
const stagesOn = ({ evidence, labels }: Judging, { stages, measure }: Sequence): readonly JudgedPlan[] =>
  stages.map(({ candidate }) => judged(evidence, labels, candidate, measure))

/** Which images a plan gets wrong. */
const wrongs = (on: Judging, plan: BranchedPlan | Sequence): readonly boolean[] => {
  if ('stages' in plan) {
    const { thresholds } = plan
    return Array.from(
      lastOf({ stages: stagesOn(on, plan), thresholds }, ({ wrong }) => wrong),
      is => is > 0,
    )
  }
  const scores = on.evidence.scores(plan.sites, plan.reduction)
  const classes = scores.length / on.labels.length
  return on.labels.map((label, image) => rankOf(scores, image, classes, label) > 0)
}

const count = (wrong: readonly boolean[]): number => wrong.filter(is => is).length

const rate = (wrong: readonly boolean[]): Rate => ({
  errorPercent: (100 * count(wrong)) / wrong.length,
  errorIntervalPercent: wilsonPercent(count(wrong), wrong.length),
})

/** What the plan turned of what vanilla answers, and whether that is chance. */
const compared = (plan: readonly boolean[], vanilla: readonly boolean[]): Compared => {
  const { won, lost } = turnsOf(vanilla, plan)
  return { won, lost, pValue: mcNemar(won, lost) }
}

const branchesOf = (sites: Sites) =>
  sites.map(({ map, transforms }) => ({ map, variants: new Set(transforms.map(printTransform)).size }))

const stageNames = ({ candidate: { stages } }: Measured<Sequence>): readonly string[] =>
  stages.map(({ candidate }) => fixedName(candidate))

const percents = (shares: readonly number[]): readonly number[] => shares.map(share => 100 * share)

const stagesFound = (report: Judging, sequence: NonNullable<Found['sequence']>): StagesFound => {
  const { thresholds, measure, shares } = sequence.candidate
  return {
    ...{ stages: stageNames(sequence), thresholds, measure },
    sharesPercent: percents(shares),
    reportSharesPercent: percents(sharesOf({ stages: stagesOn(report, sequence.candidate), thresholds })),
    worstRelativeCost: sequence.worst,
  }
}

/** What was found, in numbers of errors and times. */
export const searchResult = async (found: Found, call: SearchCall): Promise<SearchResult> => {
  const { searched, choice, select, report, sequence } = found
  const { vanilla } = searched
  const { options } = call
  const chosen: Measured<Choosable> = choice.chosen ?? { candidate: vanilla, relative: 1 }
  const front = shownFront<Choosable>(chosen, [{ candidate: vanilla, relative: 1 }, ...choice.measured])
  await searched.evidence.gather([[], ...[chosen, ...choice.measured].flatMap(({ candidate }) => sitesIn(candidate))])
  const onSelected: Judging = { evidence: searched.evidence, labels: select.labels }
  const [onSelect, vanillaOnSelect] = [chosen.candidate, vanilla].map(plan => wrongs(onSelected, plan))
  const tta: BranchedPlan = { sites: flipTta, reduction: 'geo' }
  const [onReport, vanillaOnReport, ttaOnReport] = [chosen.candidate, vanilla, tta].map(plan => wrongs(report, plan))
  const selectedOf = ({ candidate, relative }: Measured<Choosable>) => {
    const wrong = wrongs(onSelected, candidate)
    return {
      plan: name(candidate),
      relativeCost: relative,
      errorPercent: rate(wrong).errorPercent,
      differenceInterval: differenceInterval(turnsOf(vanillaOnSelect, wrong), select.images),
    }
  }
  const pointOf = (measured: Measured<Choosable>): FrontPlan => {
    const wrong = wrongs(report, measured.candidate)
    return {
      ...selectedOf(measured),
      reportErrorPercent: rate(wrong).errorPercent,
      reportDifferenceInterval: differenceInterval(turnsOf(vanillaOnReport, wrong), report.images),
    }
  }
  const sigma = (plan: Choosable): number =>
    isSequence(plan)
      ? sequenceSigma(plan, judged(searched.evidence, select.labels, vanilla, plan.measure))
      : likelihoodSigma(searched, select.labels, plan, vanilla)
  return {
    network: call.network,
    ...(call.initializedFrom === undefined ? {} : { initializedFromSeed: call.initializedFrom }),
    plan: name(chosen.candidate),
    beatsVanilla: choice.chosen !== undefined,
    budget: printBudget(options.budget),
    budgetRelative: found.times,
    relativeCost: chosen.relative,
    vanillaMilliseconds: found.vanillaMilliseconds,
    ...(sequence !== undefined && chosen.candidate === sequence.candidate
      ? { adaptive: stagesFound(report, sequence) }
      : {}),
    branches: branchesOf(sitesIn(chosen.candidate).at(-1) ?? []),
    select: {
      data: call.data.select,
      images: select.images,
      ...rate(onSelect),
      vanillaErrorPercent: rate(vanillaOnSelect).errorPercent,
      likelihoodGainSigma: choice.chosen === undefined ? 0 : sigma(chosen.candidate),
      ...compared(onSelect, vanillaOnSelect),
    },
    report: {
      data: call.data.report,
      images: report.images,
      ...rate(onReport),
      vanillaErrorPercent: rate(vanillaOnReport).errorPercent,
      vanillaErrorIntervalPercent: rate(vanillaOnReport).errorIntervalPercent,
      ttaErrorPercent: rate(ttaOnReport).errorPercent,
      ttaErrorIntervalPercent: rate(ttaOnReport).errorIntervalPercent,
      ...compared(onReport, vanillaOnReport),
    },
    front: front.map(pointOf),
    ...(sequence === undefined
      ? {}
      : { curve: { stages: stageNames(sequence), points: curveOf(sequence, stagesOn(report, sequence.candidate)) } }),
    timed: choice.measured.map(measured => ({ ...selectedOf(measured), predictedCost: measured.candidate.cost })),
    sets: call.sets,
    reductions: options.reductions,
    objective: options.objective,
    batch: options.batch,
    backend: found.runtime.backend,
    executor: found.runtime.executor,
    precision: options.precision,
    runtime: found.runtime.describe,
    rounds: searched.rounds,
    evaluated: searched.evaluated,
    seconds: call.seconds,
    ...(call.warnings.length === 0 ? {} : { warnings: call.warnings }),
  }
}
