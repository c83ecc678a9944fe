import { signed } from '../../base/format.ts'
import type { Sourced } from '../../experiment/sourced.ts'
import type { Line, LineChart, LinePoint } from './chart.ts'
import type { Cell, Page, Section, Table } from './section.ts'

type Interval = readonly [low: number, high: number]

/** A transform at one feature map; the intervals are of differences to vanilla, in points. */
interface Transformed {
  readonly only: number
  readonly only_difference_interval: Interval
  /** By reduction. */
  readonly branch: Readonly<Record<string, number>>
  readonly branch_difference_interval: Readonly<Record<string, Interval>>
}

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
    readonly results: Readonly<Record<string, Transformed>>
  }[]
}

type Position = ImpactFindings['positions'][number]

/** What is looked at of a transform. */
interface Read {
  readonly error: number
  readonly difference: Interval
}

type ReadOf = (results: Transformed) => Read | undefined

const ofMap: ReadOf = ({ only, only_difference_interval }) => ({ error: only, difference: only_difference_interval })

const ofBranch =
  (reduction: string): ReadOf =>
  ({ branch, branch_difference_interval }) =>
    branch[reduction] === undefined
      ? undefined
      : { error: branch[reduction], difference: branch_difference_interval[reduction] }

const transformsOf = ({ positions }: ImpactFindings): readonly string[] => [
  ...new Set(positions.flatMap(({ results }) => Object.keys(results))),
]

const reductionsOf = ({ positions }: ImpactFindings): readonly string[] => [
  ...new Set(positions.flatMap(({ results }) => Object.values(results).flatMap(({ branch }) => Object.keys(branch)))),
]

const readAt = ({ results }: Position, name: string, readOf: ReadOf): Read | undefined =>
  results[name] === undefined ? undefined : readOf(results[name])

/** The error of a transform at each map; its bar clears that of vanilla where the difference is no chance. */
const lineOf = ({ positions, vanilla_error_percent: vanilla }: ImpactFindings, name: string, readOf: ReadOf): Line => ({
  name,
  points: positions.flatMap((position): readonly LinePoint[] => {
    const read = readAt(position, name, readOf)
    if (read === undefined) return []
    const [low, high] = read.difference
    return [{ x: position.map, value: read.error, interval: [vanilla + low, vanilla + high] }]
  }),
})

const mapTitle = ({ name, shape }: Position): string => `${name}, ${shape.join('×')}`

const chartOf = (findings: ImpactFindings, readOf: ReadOf): LineChart => ({
  kind: 'lines',
  x: {
    title: 'feature map',
    unit: 'count',
    names: Object.fromEntries(findings.positions.map(position => [position.map, mapTitle(position)])),
  },
  y: { title: 'error', unit: 'percent' },
  lines: transformsOf(findings).map(name => lineOf(findings, name, readOf)),
  levels: [{ name: 'vanilla', value: findings.vanilla_error_percent }],
})

/** 31.55 (−0.12 to +0.88). */
const cellOf = (read: Read | undefined): Cell => ({
  number:
    read === undefined
      ? '–'
      : `${read.error.toFixed(2)} (${read.difference.map(points => signed(points)).join(' to ')})`,
})

const tableOf = (findings: ImpactFindings, readOf: ReadOf): Table => ({
  head: ['feature map', '', ...transformsOf(findings)],
  rows: findings.positions.map(position => [
    { number: String(position.map) },
    mapTitle(position),
    ...transformsOf(findings).map(name => cellOf(readAt(position, name, readOf))),
  ]),
  note: `Error in percent (95 % interval of its difference to vanilla's ${findings.vanilla_error_percent.toFixed(2)}, in points)`,
})

/** The page of `impact`: the paper's Figures 4 and 5, a line for each transform. */
export const impactPage = (findings: ImpactFindings): Page => {
  const { network, data, images, positions } = findings
  const branches: readonly Section[] = reductionsOf(findings).map(reduction => ({
    kind: 'chart',
    id: `branch-${reduction}`,
    heading: `Both branches, reduced by ${reduction}`,
    text: `At one feature map at a time the network branches: one branch goes on as it is, the other with the map transformed, and the scores of both are reduced by ${reduction}. Below the dashed line the branch helps.`,
    chart: chartOf(findings, ofBranch(reduction)),
    table: tableOf(findings, ofBranch(reduction)),
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
        text: 'The network as it is, without branches, and one of its feature maps transformed. Where a line meets the dashed one, the network does not mind the transform there. Bars are 95 % intervals of the difference to vanilla on the same images: one that crosses the dashed line may be chance.',
        chart: chartOf(findings, ofMap),
        table: tableOf(findings, ofMap),
      },
      ...branches,
    ],
    result: findings,
  }
}
