import { printTransform } from '../../../ir/index.ts'
import { printPlan } from '../../../passes/index.ts'
import { ratio, table } from '../../base/format.ts'
import { rankOf, wilsonPercent } from '../../execute/score.ts'
import { mcNemar } from '../mcnemar.ts'
import type { Sourced } from '../sourced.ts'
import { printBudget } from './budget.ts'
import { likelihoodSigma, shownFront } from './choice.ts'
import type { Evidence } from './evidence.ts'
import { type Found, flipTta, type SearchNetworkOptions } from './network.ts'
import type { Candidate } from './search.ts'
import { planOf, type Sites } from './space.ts'

export interface SearchCall {
  readonly network: string
  readonly initializedFrom: number | undefined
  readonly options: SearchNetworkOptions
  /** As they were asked for. */
  readonly sets: string
  readonly data: { readonly select: string; readonly report: string }
  readonly warnings: readonly string[]
  readonly seconds: number
  readonly sourced: Sourced
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

const rate = (wrong: readonly boolean[]) => ({
  error_percent: (100 * count(wrong)) / wrong.length,
  error_interval_percent: wilsonPercent(count(wrong), wrong.length),
})

/** Of images on which two answers differ: how many the first turned right, and wrong, and whether that is chance. */
const compared = (plan: readonly boolean[], vanilla: readonly boolean[]) => {
  const won = plan.filter((wrong, image) => !wrong && vanilla[image]).length
  const lost = plan.filter((wrong, image) => wrong && !vanilla[image]).length
  return { won, lost, p_value: mcNemar(won, lost) }
}

const branchesOf = (sites: Sites) =>
  sites.map(({ map, transforms }) => ({ map, variants: new Set(transforms.map(printTransform)).size }))

/** The keys of `search --json`. */
export const searchResult = async (found: Found, call: SearchCall) => {
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
    ...(call.initializedFrom === undefined ? {} : { initialized_from_seed: call.initializedFrom }),
    plan: name(chosen.candidate),
    beats_vanilla: choice.chosen !== undefined,
    budget: printBudget(options.budget),
    budget_relative: found.times,
    relative_cost: chosen.relative,
    vanilla_milliseconds: found.vanillaMilliseconds,
    branches: branchesOf(chosen.candidate.sites),
    select: {
      data: call.data.select,
      images: select.images,
      ...rate(onSelect),
      vanilla_error_percent: rate(vanillaOnSelect).error_percent,
      likelihood_gain_sigma:
        choice.chosen === undefined ? 0 : likelihoodSigma(searched, select.labels, chosen.candidate, vanilla),
      ...compared(onSelect, vanillaOnSelect),
    },
    report: {
      data: call.data.report,
      images: report.images,
      ...rate(onReport),
      vanilla_error_percent: rate(vanillaOnReport).error_percent,
      vanilla_error_interval_percent: rate(vanillaOnReport).error_interval_percent,
      tta_error_percent: rate(ttaOnReport).error_percent,
      tta_error_interval_percent: rate(ttaOnReport).error_interval_percent,
      ...compared(onReport, vanillaOnReport),
    },
    /** Errors on the images that plans were chosen by; on the others as `report_error_percent`. */
    front: front.map(({ candidate, relative }) => ({
      plan: name(candidate),
      relative_cost: relative,
      error_percent: (100 * candidate.score.wrong) / select.images,
      report_error_percent: rate(wrongs(report.evidence, report.labels, candidate)).error_percent,
    })),
    timed: choice.measured.map(({ candidate, relative }) => ({
      plan: name(candidate),
      relative_cost: relative,
      predicted_cost: candidate.cost,
    })),
    sets: call.sets,
    reductions: options.reductions,
    objective: options.objective,
    batch: options.batch,
    backend: found.runtime.backend,
    executor: found.runtime.executor,
    precision: options.precision,
    rounds: searched.rounds,
    evaluated: searched.evaluated,
    seconds: call.seconds,
    ...(call.warnings.length === 0 ? {} : { warnings: call.warnings }),
    ...call.sourced,
  }
}

export type SearchResult = Awaited<ReturnType<typeof searchResult>>

const percent = (value: number): string => value.toFixed(2)

/** The front as a table and what was chosen in two sentences. */
export const describeSearch = (result: SearchResult): string => {
  const { select, report, front } = result
  const rows = front.map(point => [
    point.plan === result.plan ? '→' : '',
    ratio(point.relative_cost),
    percent(point.error_percent),
    percent(point.report_error_percent),
    point.plan,
  ])
  const verdict = result.beats_vanilla
    ? `${result.plan} takes ${ratio(result.relative_cost)} of vanilla's time, within ${result.budget}.`
    : `Nothing that was looked at beats vanilla within ${result.budget}.`
  const cheaper = front.find(
    point =>
      point.plan !== result.plan &&
      point.relative_cost <= result.relative_cost &&
      point.error_percent <= select.error_percent,
  )
  const beside =
    cheaper === undefined || !result.beats_vanilla
      ? ''
      : ` ${cheaper.plan} is as cheap and errs no more there; the choice goes by ${result.objective}, not by whole errors.`
  const others = `vanilla ${percent(report.vanilla_error_percent)} %, flip TTA ${percent(report.tta_error_percent)} %`
  const [low, high] = report.error_interval_percent.map(percent)
  return [
    table(['', 'time', 'error %, select', 'error %, report', 'plan'], rows),
    '',
    `${verdict} On ${report.images} images that nothing was chosen by it errs ${percent(report.error_percent)} % of the time (95 % interval ${low} to ${high}); ${others}. On the ${select.images} that it was chosen by: ${percent(select.error_percent)} %, vanilla ${percent(select.vanilla_error_percent)} %.${beside}`,
    `${result.evaluated} plans were judged in ${result.seconds.toFixed(0)} s; times are of batches of ${result.batch} on ${result.backend}, executor ${result.executor}.`,
  ].join('\n')
}
