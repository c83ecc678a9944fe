import { wilsonPercent } from '../../execute/score.ts'
import type { Sourced } from '../../experiment/sourced.ts'
import type { Measured, ScatterPoint } from './chart.ts'
import type { Page, Section } from './section.ts'

interface Costed {
  readonly plan: string
  readonly relative_cost: number
  readonly error_percent: number
  /** On the images that nothing was selected on. */
  readonly report_error_percent?: number
}

/** What `search` found, as far as its page reads it. */
export interface SearchFindings extends Sourced {
  readonly network: string
  /** The chosen one: vanilla where no other is better. */
  readonly plan: string
  readonly beats_vanilla: boolean
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
  /** The chosen plan is among them. Errors on the data that plans were selected on. */
  readonly front: readonly Costed[]
  readonly evaluated: number
  readonly seconds: number
  readonly warnings?: readonly string[]
}

const measured = (value: number, images: number): Measured & { readonly interval: readonly [number, number] } => ({
  value,
  interval: wilsonPercent(Math.round((value * images) / 100), images),
})

type Chart = Extract<Section, { kind: 'chart' }>['chart']

const pointsOf = (front: readonly Costed[], errorOf: (point: Costed) => number | undefined): readonly ScatterPoint[] =>
  front.flatMap((point): readonly ScatterPoint[] => {
    const y = errorOf(point)
    return y === undefined ? [] : [{ name: point.plan, x: point.relative_cost, y }]
  })

const frontOf = (
  { front, plan, budget_relative }: SearchFindings,
  errorOf: (point: Costed) => number | undefined,
): Chart => ({
  kind: 'scatter',
  x: { title: 'time over vanilla', unit: 'times' },
  y: { title: 'error', unit: 'percent' },
  groups: [
    {
      name: 'plans',
      points: pointsOf(
        front.filter(point => point.plan !== plan),
        errorOf,
      ),
    },
    {
      name: 'the chosen plan',
      points: pointsOf(
        front.filter(point => point.plan === plan),
        errorOf,
      ),
    },
  ].filter(({ points }) => points.length > 0),
  levels: [],
  limit: budget_relative === undefined ? undefined : { name: 'budget', value: budget_relative },
})

const reported = ({ plan, beats_vanilla, report }: SearchFindings): Section => {
  const bars = [
    ['vanilla', report.vanilla_error_percent] as const,
    ['flip TTA', report.tta_error_percent] as const,
    ...(beats_vanilla ? [[plan, report.error_percent] as const] : []),
  ]
  return {
    kind: 'chart',
    id: 'report',
    heading: 'On images that nothing was selected on',
    text: `${report.images.toLocaleString('en-US')} images of ${report.data}; in the table, 95 % intervals (Wilson) over images.`,
    chart: {
      kind: 'bars',
      names: bars.map(([name]) => name),
      namesTitle: '',
      x: { title: 'error', unit: 'percent' },
      stacked: false,
      bars: [{ name: 'error', values: bars.map(([, value]) => measured(value, report.images)) }],
    },
  }
}

const fronts = (findings: SearchFindings): readonly Section[] => {
  const { select, report, front } = findings
  return [
    {
      kind: 'chart',
      id: 'front',
      heading: 'The best plans at each price',
      text: `Error on the ${select.images.toLocaleString('en-US')} images that plans were selected on, ${select.data}: lower than it is on others, because it was selected for. No plan that was timed is below and left of the line.`,
      chart: frontOf(findings, ({ error_percent }) => error_percent),
    },
    ...(front.some(point => point.report_error_percent !== undefined)
      ? [
          {
            kind: 'chart' as const,
            id: 'front-report',
            heading: 'The same plans on other images',
            text: `Error on the ${report.images.toLocaleString('en-US')} images of ${report.data}. Plans that are not named are no better here than a cheaper one.`,
            chart: frontOf(findings, ({ report_error_percent }) => report_error_percent),
          },
        ]
      : []),
  ]
}

/** The page of `search`: the front of plans, and the chosen one on images that nothing was selected on. */
export const searchPage = (findings: SearchFindings): Page => {
  const { network, plan, budget, relative_cost, select, report, evaluated, warnings = [] } = findings
  const verdict = findings.beats_vanilla ? [] : [`Nothing that was looked at beats vanilla within ${budget}.`]
  const remarks = [...verdict, ...warnings]
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
      ...(remarks.length === 0 ? [] : [{ kind: 'text' as const, heading: 'Mind', paragraphs: remarks }]),
      reported(findings),
      ...fronts(findings),
    ],
    result: findings,
  }
}
