import { ratio, table } from '../../base/format.ts'
import { nothingBeats } from '../search/describe.ts'
import type { MeasureChange } from './changes.ts'
import { differenceOf, fromTo, numberOf } from './describe-change.ts'
import type { MeasuredSearch } from './search.ts'

/** `PSNR 26.85 → 26.88 dB (95 % interval of the difference +0.02 to +0.04)`. */
const told = (change: MeasureChange): string => {
  const { title, difference, differenceInterval = [difference, difference] } = change
  const [low, high] = differenceInterval.map(bound => differenceOf(change, bound))
  return `${fromTo(change, title)} (95 % interval of the difference ${low} to ${high})`
}

/** What was timed as a table, and what was chosen in three sentences. */
export const describeMeasuredSearch = (result: MeasuredSearch): string => {
  const { timed, select, report, plan, relativeCost, budget, beatsVanilla } = result
  const [{ title, ...first }] = select.measures
  const row = (own: string, cost: number, value: string): readonly string[] => [
    own === plan ? '→' : '',
    ratio(cost),
    value,
    own,
  ]
  const rows = [
    row('vanilla', 1, numberOf(first, first.vanilla)),
    ...timed.map(({ plan: own, relativeCost: cost, measures: [{ difference }] }) =>
      row(own, cost, differenceOf(first, difference)),
    ),
  ]
  const verdict = beatsVanilla
    ? `${plan} takes ${ratio(relativeCost)} of vanilla's time, within ${budget}.`
    : nothingBeats(budget, select.images, false)
  const [found] = report.measures
  const [tta] = report.ttaMeasures
  const aside = `On ${report.images} images that nothing was chosen by: ${beatsVanilla ? `${told(found)}; flip TTA ${numberOf(tta, tta.plan)}` : `flip TTA, ${told(tta)}`}.`
  return [
    table(['', 'time', `${title} of an image, select`, 'plan'], rows),
    '',
    `${verdict} ${aside}`,
    `${result.evaluated} plans were compared in ${result.seconds.toFixed(0)} s; times are of batches of ${result.batch} on ${result.backend}, executor ${result.executor}.`,
  ].join('\n')
}
