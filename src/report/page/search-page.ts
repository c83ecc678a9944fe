import { wilsonPercent } from '../../execute/score.ts'
import { nothingBeats } from '../../experiment/search/describe.ts'
import type { Sourced } from '../../experiment/sourced.ts'
import type { Measured, ScatterPoint } from './chart.ts'
import type { Page, Section } from './section.ts'

type Interval = readonly [low: number, high: number]

/** Stages under some thresholds. */
interface CurvePoint {
  readonly thresholds: readonly number[]
  readonly relative_cost: number
  readonly shares_percent: readonly number[]
  readonly error_percent: number
  readonly report_error_percent: number
}

interface Costed {
  readonly plan: string
  readonly relative_cost: number
  readonly error_percent: number
  /** On the images that nothing was selected on. */
  readonly report_error_percent: number
  /** 95 % intervals of the difference to vanilla, in points. */
  readonly difference_interval: Interval
  readonly report_difference_interval: Interval
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
  readonly select: {
    readonly data: string
    readonly images: number
    readonly error_percent: number
    readonly vanilla_error_percent: number
  }
  readonly report: {
    readonly data: string
    readonly images: number
    readonly error_percent: number
    readonly vanilla_error_percent: number
    readonly tta_error_percent: number
    /** Images that the plan turned right and wrong, and how likely so uneven a split is by chance. */
    readonly won: number
    readonly lost: number
    readonly p_value: number
  }
  /** The chosen plan is among them. Errors on the data that plans were selected on. */
  readonly front: readonly Costed[]
  /** Where the plan has stages. */
  readonly adaptive?: {
    readonly stages: readonly string[]
    /** Of images, on both sets, how many come to each stage. */
    readonly shares_percent: readonly number[]
    readonly report_shares_percent: readonly number[]
    /** Where every image goes through all stages. */
    readonly worst_relative_cost: number
  }
  /** The best stages as their thresholds move. */
  readonly curve?: { readonly stages: readonly string[]; readonly points: readonly CurvePoint[] }
  readonly evaluated: number
  readonly seconds: number
  readonly warnings?: readonly string[]
}

const measured = (value: number, images: number): Measured & { readonly interval: readonly [number, number] } => ({
  value,
  interval: wilsonPercent(Math.round((value * images) / 100), images),
})

type Chart = Extract<Section, { kind: 'chart' }>['chart']

/** What points have on the images of a chart. */
interface On {
  readonly vanilla: number
  readonly error: (point: Pick<Costed, 'error_percent' | 'report_error_percent'>) => number
  readonly difference: (point: Costed) => Interval
}

const onSelected = ({ select }: SearchFindings): On => ({
  vanilla: select.vanilla_error_percent,
  error: point => point.error_percent,
  difference: point => point.difference_interval,
})

const onOthers = ({ report }: SearchFindings): On => ({
  vanilla: report.vanilla_error_percent,
  error: point => point.report_error_percent,
  difference: point => point.report_difference_interval,
})

/** A bar is the interval of the difference to vanilla, from vanilla's error on. */
const pointsOf = (front: readonly Costed[], on: On, label?: string): readonly ScatterPoint[] =>
  front.map(point => {
    const [low, high] = on.difference(point)
    const bar = point.plan === 'vanilla' ? {} : { interval: [on.vanilla + low, on.vanilla + high] as const }
    return { name: point.plan, label, x: point.relative_cost, y: on.error(point), ...bar }
  })

/** `vanilla/0.68/flip@0:geo`, and how many go on. */
const curveName = (stages: readonly string[], { thresholds, shares_percent }: CurvePoint): string => {
  const plan = stages.map((stage, k) => (k === 0 ? stage : `${thresholds[k - 1]}/${stage}`)).join('/')
  return `${plan}, ${sharesText(shares_percent)}`
}

/** `40.1 % and 9.8 % go on`. */
const sharesText = (shares: readonly number[]): string =>
  `${shares
    .slice(1)
    .map(share => `${share.toFixed(1)} %`)
    .join(' and ')} go on`

const curvePoints = ({ curve }: SearchFindings, { error }: On): readonly ScatterPoint[] =>
  (curve?.points ?? []).map(point => ({
    name: curveName(curve?.stages ?? [], point),
    x: point.relative_cost,
    y: error(point),
  }))

const isInStages = ({ plan }: Costed): boolean => plan.includes('/')

const frontOf = (findings: SearchFindings, on: On): Chart => {
  const { front, plan, budget_relative, adaptive } = findings
  const [chosen, others] = [true, false].map(is => front.filter(point => (point.plan === plan) === is))
  return {
    kind: 'scatter',
    x: { title: 'time over vanilla', unit: 'times' },
    y: { title: 'error', unit: 'percent' },
    groups: [
      {
        name: 'plans',
        points: pointsOf(
          others.filter(point => !isInStages(point)),
          on,
        ),
      },
      {
        name: 'the chosen plan',
        points: pointsOf(chosen, on, adaptive === undefined ? undefined : `${adaptive.stages.length} stages`),
      },
      { name: 'stages, as thresholds move', joined: true, points: curvePoints(findings, on) },
    ].filter(({ points }) => points.length > 0),
    levels: [{ name: 'vanilla', value: on.vanilla }],
    limit: budget_relative === undefined ? undefined : { name: 'budget', value: budget_relative },
  }
}

/** Flip TTA, as a plan of a search is called. */
const flipTta = 'flip@0:geo'

const reported = ({ plan, beats_vanilla, report }: SearchFindings): Section => {
  const bars = [
    ['vanilla', report.vanilla_error_percent] as const,
    [plan === flipTta ? `${plan}, flip TTA` : 'flip TTA', report.tta_error_percent] as const,
    ...(beats_vanilla && plan !== flipTta ? [[plan, report.error_percent] as const] : []),
  ]
  const turned = `Of those that the plan answers otherwise than vanilla it turned ${report.won} right and ${report.lost} wrong: so uneven a split comes about by chance with a probability of ${report.p_value.toPrecision(2)} (McNemar's exact test).`
  return {
    kind: 'chart',
    id: 'report',
    heading: 'On images that nothing was selected on',
    text: `${report.images.toLocaleString('en-US')} images of ${report.data}; bars are 95 % intervals (Wilson) over images.${beats_vanilla ? ` ${turned}` : ''}`,
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

const bars =
  'Bars are 95 % intervals of the difference to vanilla on the same images: one that crosses the dashed line may be chance.'

const fronts = (findings: SearchFindings): readonly Section[] => {
  const { select, report, curve } = findings
  const moved =
    curve === undefined
      ? ''
      : ` The curve is ${curve.stages.join(', then ')}: each point has thresholds of its own, and its mean time is predicted from what was measured.`
  return [
    {
      kind: 'chart',
      id: 'front',
      heading: 'The best plans at each price',
      text: `Error on the ${select.images.toLocaleString('en-US')} images that plans were selected on, ${select.data}: lower than it is on others, because it was selected for. Nothing that was timed and shown as a point is below and left of the line. ${bars}${moved}`,
      chart: frontOf(findings, onSelected(findings)),
    },
    {
      kind: 'chart',
      id: 'front-report',
      heading: 'The same plans on other images',
      text: `Error on the ${report.images.toLocaleString('en-US')} images of ${report.data}. Plans that are not named are no better here than a cheaper one. ${bars}`,
      chart: frontOf(findings, onOthers(findings)),
    },
  ]
}

/** What a plan in stages has beside its mean time. */
const stageFacts = ({ adaptive }: SearchFindings) =>
  adaptive === undefined
    ? []
    : [
        { name: 'time where all images go on', value: `${adaptive.worst_relative_cost.toFixed(2)}×` },
        { name: 'images that go on', value: sharesText(adaptive.shares_percent).replace(' go on', '') },
        { name: 'of the images reported on', value: sharesText(adaptive.report_shares_percent).replace(' go on', '') },
      ]

/** The page of `search`: the front of plans, and the chosen one on images that nothing was selected on. */
export const searchPage = (findings: SearchFindings): Page => {
  const { network, plan, budget, relative_cost, select, report, evaluated, adaptive, warnings = [] } = findings
  const verdict = findings.beats_vanilla ? [] : [nothingBeats(budget, select.images)]
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
          {
            name: adaptive === undefined ? 'time over vanilla' : 'mean time over vanilla',
            value: `${relative_cost.toFixed(2)}×`,
          },
          ...stageFacts(findings),
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
