import { wilsonPercent } from '../../score.ts'
import type { Measured, ScatterPoint } from './chart.ts'
import type { Page, Section, Sourced } from './section.ts'

interface Costed {
  readonly plan: string
  readonly relative_cost: number
  readonly error_percent: number
}

/** What `search` found, as far as its page reads it. */
export interface SearchFindings extends Sourced {
  readonly network: string
  readonly plan: string
  /** As it was asked for: `2.2x`, `8ms`. */
  readonly budget: string
  /** The budget over the time of vanilla. */
  readonly budget_relative?: number
  readonly relative_cost: number
  readonly select: { readonly data: string; readonly images: number; readonly error_percent: number }
  readonly report: {
    readonly data: string
    readonly images: number
    readonly error_percent: number
    readonly vanilla_error_percent: number
    readonly tta_error_percent: number
  }
  /** Errors on the data that plans were selected on. */
  readonly front: readonly Costed[]
  readonly evaluated: number
  readonly seconds: number
  readonly warnings?: readonly string[]
}

const measured = (value: number, images: number): Measured & { readonly interval: readonly [number, number] } => ({
  value,
  interval: wilsonPercent(Math.round((value * images) / 100), images),
})

/** The page of `search`: the front of plans, and the chosen one on images that nothing was selected on. */
export const searchPage = (findings: SearchFindings): Page => {
  const {
    network,
    plan,
    budget,
    budget_relative,
    relative_cost,
    select,
    report,
    front,
    evaluated,
    warnings = [],
  } = findings
  const points: readonly ScatterPoint[] = front.map(point => ({
    name: point.plan,
    x: point.relative_cost,
    y: point.error_percent,
  }))
  const notes: readonly Section[] =
    warnings.length === 0 ? [] : [{ kind: 'text', heading: 'Mind', paragraphs: warnings }]
  return {
    name: 'search',
    title: `Where to branch ${network} within ${budget}`,
    subtitle: `Selected on ${select.data}, reported on ${report.data}`,
    sections: [
      {
        kind: 'facts',
        facts: [
          { name: 'the plan', value: plan },
          { name: 'time over vanilla', value: `${relative_cost.toFixed(2)}×` },
          { name: 'its error', value: `${report.error_percent.toFixed(2)} %` },
          { name: 'vanilla', value: `${report.vanilla_error_percent.toFixed(2)} %` },
          { name: 'flip TTA', value: `${report.tta_error_percent.toFixed(2)} %` },
          { name: 'plans looked at', value: evaluated.toLocaleString('en-US') },
        ],
      },
      ...notes,
      {
        kind: 'chart',
        id: 'report',
        heading: 'On images that nothing was selected on',
        text: `${report.images.toLocaleString('en-US')} images of ${report.data}; in the table, 95 % intervals (Wilson) over images.`,
        chart: {
          kind: 'bars',
          names: ['vanilla', 'flip TTA', plan],
          namesTitle: '',
          x: { title: 'error', unit: 'percent' },
          stacked: false,
          bars: [
            {
              name: 'error',
              values: [report.vanilla_error_percent, report.tta_error_percent, report.error_percent].map(value =>
                measured(value, report.images),
              ),
            },
          ],
        },
      },
      {
        kind: 'chart',
        id: 'front',
        heading: 'The best plans at each price',
        text: `Error on the ${select.images.toLocaleString('en-US')} images that plans were selected on, ${select.data}: lower than on others, because it was selected for. No plan that was looked at is below and left of the line.`,
        chart: {
          kind: 'scatter',
          x: { title: 'time over vanilla', unit: 'times' },
          y: { title: 'error', unit: 'percent' },
          groups: [{ name: 'plans', points }],
          levels: [],
          ...(budget_relative === undefined ? {} : { limit: { name: 'budget', value: budget_relative } }),
        },
      },
    ],
    result: findings,
  }
}
