import { ratio, signed, table } from '../../base/format.ts'
import type { SearchResult } from './result.ts'

const percent = (value: number): string => value.toFixed(2)

/** Images that tell apart what TTA and plans like it make of most networks: a point or two of their errors. */
const enough = 1000

/** That no plan was chosen, and what of the images may be why. */
export const nothingBeats = (budget: string, images: number, few = images < enough): string =>
  `Nothing that was looked at beats vanilla within ${budget} by more than chance on ${images} images${few ? ', which are few to tell' : ''}.`

/** Of what keeps the budget, and was not taken, the plan that errs least on the images that plans were chosen by. */
const nearest = ({ timed, budgetRelative }: SearchResult): string => {
  const [best] = timed
    .filter(({ relativeCost }) => relativeCost <= budgetRelative)
    .toSorted((a, b) => a.errorPercent - b.errorPercent || a.relativeCost - b.relativeCost)
  if (best === undefined) return ''
  const [low, high] = best.differenceInterval.map(bound => signed(bound))
  return ` Nearest comes ${best.plan}, ${ratio(best.relativeCost)}, which errs ${percent(best.errorPercent)} % of the time there: 95 % interval of the difference to vanilla ${low} to ${high} points.`
}

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
  const { adaptive } = result
  const inStages =
    adaptive === undefined
      ? ''
      : ` That is the mean: ${adaptive.sharesPercent
          .slice(1)
          .map((share, k) => `${share.toFixed(1)} % of the images go on to ${adaptive.stages[k + 1]}`)
          .join(', ')}; one that goes through all stages takes ${ratio(adaptive.worstRelativeCost)}.`
  const verdict = result.beatsVanilla
    ? `${result.plan} takes ${ratio(result.relativeCost)} of vanilla's time, within ${result.budget}.`
    : nothingBeats(result.budget, select.images) + nearest(result)
  const cheaper = front.find(
    point =>
      point.plan !== result.plan &&
      point.relativeCost <= result.relativeCost &&
      point.errorPercent <= select.errorPercent,
  )
  const beside =
    cheaper === undefined || !result.beatsVanilla
      ? ''
      : ` ${cheaper.plan} is as cheap and errs no more there; the choice goes by ${adaptive === undefined ? result.objective : 'errors and how near they were'}, not by whole errors.`
  const others = `vanilla ${percent(report.vanillaErrorPercent)} %, flip TTA ${percent(report.ttaErrorPercent)} %`
  const [low, high] = report.errorIntervalPercent.map(percent)
  return [
    table(['', 'time', 'error %, select', 'error %, report', 'plan'], rows),
    '',
    `${verdict}${inStages} On ${report.images} images that nothing was chosen by it errs ${percent(report.errorPercent)} % of the time (95 % interval ${low} to ${high}); ${others}. On the ${select.images} that it was chosen by: ${percent(select.errorPercent)} %, vanilla ${percent(select.vanillaErrorPercent)} %.${beside}`,
    `${result.evaluated} plans were judged in ${result.seconds.toFixed(0)} s; times are of batches of ${result.batch} on ${result.backend}, executor ${result.executor}.`,
  ].join('\n')
}
