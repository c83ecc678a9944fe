import { printTransform, type Reduction } from '../../../ir/index.ts'
import { printPlan } from '../../../passes/index.ts'
import { ratio, table } from '../../base/format.ts'
import { rankOf, wilsonPercent } from '../../execute/score.ts'
import { mcNemar } from '../mcnemar.ts'
import { printBudget } from './budget.ts'
import { likelihoodSigma, shownFront } from './choice.ts'
import type { Evidence } from './evidence.ts'
import { type Found, flipTta, type SearchNetworkOptions } from './network.ts'
import type { Objective } from './objective.ts'
import type { Candidate } from './search.ts'
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
  readonly relativeCost: number
  /** Of one batch. */
  readonly vanillaMilliseconds: number
  /** How many distinct variants the plan has at each feature map. */
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
  /** All that was timed, with what was predicted. */
  readonly timed: readonly { readonly plan: string; readonly relativeCost: number; readonly predictedCost: number }[]
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

const name = ({ sites, reduction }: Pick<Candidate, 'sites' | 'reduction'>): string =>
  printPlan(planOf(sites, reduction))

/** Which images a plan gets wrong. */
const wrongs = (
  on: Evidence,
  labels: readonly number[],
  { sites, reduction }: Pick<Candidate, 'sites' | 'reduction'>,
) => {
  const scores = on.scores(sites, reduction)
  const classes = scores.length / labels.length
  return labels.map((label, image) => rankOf(scores, image, classes, label) > 0)
}

const count = (wrong: readonly boolean[]): number => wrong.filter(is => is).length

const rate = (wrong: readonly boolean[]): Rate => ({
  errorPercent: (100 * count(wrong)) / wrong.length,
  errorIntervalPercent: wilsonPercent(count(wrong), wrong.length),
})

/** Of images on which two answers differ: how many the first turned right, and wrong, and whether that is chance. */
const compared = (plan: readonly boolean[], vanilla: readonly boolean[]): Compared => {
  const won = plan.filter((wrong, image) => !wrong && vanilla[image]).length
  const lost = plan.filter((wrong, image) => wrong && !vanilla[image]).length
  return { won, lost, pValue: mcNemar(won, lost) }
}

const branchesOf = (sites: Sites) =>
  sites.map(({ map, transforms }) => ({ map, variants: new Set(transforms.map(printTransform)).size }))

/** What was found, in numbers of errors and times. */
export const searchResult = async (found: Found, call: SearchCall): Promise<SearchResult> => {
  const { searched, choice, select, report } = found
  const { vanilla } = searched
  const { options } = call
  const chosen = choice.chosen ?? { candidate: vanilla, relative: 1 }
  await searched.evidence.gather([[], chosen.candidate.sites])
  const [onSelect, vanillaOnSelect] = [chosen.candidate, vanilla].map(plan =>
    wrongs(searched.evidence, select.labels, plan),
  )
  const tta = { sites: flipTta, reduction: 'geo' } as const
  const [onReport, vanillaOnReport, ttaOnReport] = [chosen.candidate, vanilla, tta].map(plan =>
    wrongs(report.evidence, report.labels, plan),
  )
  const front = shownFront(chosen, [{ candidate: vanilla, relative: 1 }, ...choice.measured])
  return {
    network: call.network,
    ...(call.initializedFrom === undefined ? {} : { initializedFromSeed: call.initializedFrom }),
    plan: name(chosen.candidate),
    beatsVanilla: choice.chosen !== undefined,
    budget: printBudget(options.budget),
    budgetRelative: found.times,
    relativeCost: chosen.relative,
    vanillaMilliseconds: found.vanillaMilliseconds,
    branches: branchesOf(chosen.candidate.sites),
    select: {
      data: call.data.select,
      images: select.images,
      ...rate(onSelect),
      vanillaErrorPercent: rate(vanillaOnSelect).errorPercent,
      likelihoodGainSigma:
        choice.chosen === undefined ? 0 : likelihoodSigma(searched, select.labels, chosen.candidate, vanilla),
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
    front: front.map(({ candidate, relative }) => ({
      plan: name(candidate),
      relativeCost: relative,
      errorPercent: (100 * candidate.score.wrong) / select.images,
      reportErrorPercent: rate(wrongs(report.evidence, report.labels, candidate)).errorPercent,
    })),
    timed: choice.measured.map(({ candidate, relative }) => ({
      plan: name(candidate),
      relativeCost: relative,
      predictedCost: candidate.cost,
    })),
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

const percent = (value: number): string => value.toFixed(2)

/** The front as a table and what was chosen in two sentences. */
export const describeSearch = (result: SearchResult): string => {
  const { select, report, front } = result
  const rows = front.map(point => [
    point.plan === result.plan ? '→' : '',
    ratio(point.relativeCost),
    percent(point.errorPercent),
    percent(point.reportErrorPercent),
    point.plan,
  ])
  const verdict = result.beatsVanilla
    ? `${result.plan} takes ${ratio(result.relativeCost)} of vanilla's time, within ${result.budget}.`
    : `Nothing that was looked at beats vanilla within ${result.budget}.`
  const cheaper = front.find(
    point =>
      point.plan !== result.plan &&
      point.relativeCost <= result.relativeCost &&
      point.errorPercent <= select.errorPercent,
  )
  const beside =
    cheaper === undefined || !result.beatsVanilla
      ? ''
      : ` ${cheaper.plan} is as cheap and errs no more there; the choice goes by ${result.objective}, not by whole errors.`
  const others = `vanilla ${percent(report.vanillaErrorPercent)} %, flip TTA ${percent(report.ttaErrorPercent)} %`
  const [low, high] = report.errorIntervalPercent.map(percent)
  return [
    table(['', 'time', 'error %, select', 'error %, report', 'plan'], rows),
    '',
    `${verdict} On ${report.images} images that nothing was chosen by it errs ${percent(report.errorPercent)} % of the time (95 % interval ${low} to ${high}); ${others}. On the ${select.images} that it was chosen by: ${percent(select.errorPercent)} %, vanilla ${percent(select.vanillaErrorPercent)} %.${beside}`,
    `${result.evaluated} plans were judged in ${result.seconds.toFixed(0)} s; times are of batches of ${result.batch} on ${result.backend}, executor ${result.executor}.`,
  ].join('\n')
}
