import { wilsonPercent } from '../../execute/score.ts'
import type { Sourced } from '../../experiment/sourced.ts'
import type { Line, LineChart, LinePoint } from './chart.ts'
import type { Page, Section } from './section.ts'

/** What `impact` measured, as far as its page reads it; errors in percent. */
export interface ImpactFindings extends Sourced {
  readonly network: string
  readonly data: string
  readonly images: number
  readonly vanilla_error_percent: number
  readonly positions: readonly {
    readonly map: number
    readonly name: string
    readonly shape: readonly number[]
    /** By transform. */
    readonly results: Readonly<
      Record<string, { readonly only: number; readonly branch: Readonly<Record<string, number>> }>
    >
  }[]
}

type Position = ImpactFindings['positions'][number]

const transformsOf = ({ positions }: ImpactFindings): readonly string[] => [
  ...new Set(positions.flatMap(({ results }) => Object.keys(results))),
]

const reductionsOf = ({ positions }: ImpactFindings): readonly string[] => [
  ...new Set(positions.flatMap(({ results }) => Object.values(results).flatMap(({ branch }) => Object.keys(branch)))),
]

/** The error of a transform at each map, with its interval. */
const lineOf = (
  { positions, images }: ImpactFindings,
  name: string,
  errorAt: (results: Position['results'][string]) => number | undefined,
): Line => ({
  name,
  points: positions.flatMap(({ map, results }): readonly LinePoint[] => {
    const value = results[name] === undefined ? undefined : errorAt(results[name])
    return value === undefined
      ? []
      : [{ x: map, value, interval: wilsonPercent(Math.round((value * images) / 100), images) }]
  }),
})

const chartOf = (
  findings: ImpactFindings,
  errorAt: (results: Position['results'][string]) => number | undefined,
): LineChart => ({
  kind: 'lines',
  x: {
    title: 'feature map',
    unit: 'count',
    names: Object.fromEntries(findings.positions.map(({ map, name, shape }) => [map, `${name}, ${shape.join('×')}`])),
  },
  y: { title: 'error', unit: 'percent' },
  lines: transformsOf(findings).map(name => lineOf(findings, name, errorAt)),
  levels: [{ name: 'vanilla', value: findings.vanilla_error_percent }],
})

/** The page of `impact`: the paper's Figures 4 and 5, a line for each transform. */
export const impactPage = (findings: ImpactFindings): Page => {
  const { network, data, images, positions } = findings
  const branches: readonly Section[] = reductionsOf(findings).map(reduction => ({
    kind: 'chart',
    id: `branch-${reduction}`,
    heading: `Both branches, reduced by ${reduction}`,
    text: `At one feature map at a time the network branches: one branch goes on as it is, the other with the map transformed, and the scores of both are reduced by ${reduction}. Below the dashed line the branch helps.`,
    chart: chartOf(findings, ({ branch }) => branch[reduction]),
  }))
  return {
    name: 'impact',
    title: `Inside-impact of ${network}`,
    subtitle: `What transforming each of its ${positions.length} feature maps does to its error on ${data}`,
    sections: [
      {
        kind: 'facts',
        facts: [
          { name: 'vanilla error', value: `${findings.vanilla_error_percent.toFixed(2)} %` },
          { name: 'images', value: images.toLocaleString('en-US') },
          { name: 'feature maps', value: String(positions.length) },
        ],
      },
      {
        kind: 'chart',
        id: 'only',
        heading: 'One feature map transformed',
        text: 'The network as it is, without branches, and one of its feature maps transformed. Where a line meets the dashed one, the network does not mind the transform there. Bars are 95 % intervals (Wilson) over images.',
        chart: chartOf(findings, ({ only }) => only),
      },
      ...branches,
    ],
    result: findings,
  }
}
