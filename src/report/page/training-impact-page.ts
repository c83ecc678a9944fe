import type { Sourced } from '../../experiment/sourced.ts'
import type { LineChart, LinePoint } from './chart.ts'
import type { Page, Section } from './section.ts'

/** `spread`: the standard deviation over seeds. */
interface Impact {
  readonly error_percent: { readonly mean: number; readonly spread: number | null }
}

/** What `impact --training` found, as far as its page reads it. */
export interface TrainingImpactFindings extends Sourced {
  readonly network: string
  readonly images: { readonly train: number; readonly evaluate: number }
  readonly vanilla: Impact | null
  readonly positions: readonly {
    readonly map: number
    readonly name: string
    readonly shape: readonly number[]
    /** By transforms, then by reductions of training and inference. */
    readonly results: Readonly<Record<string, Readonly<Record<string, Impact | null>>>>
  }[]
}

const pointOf = (x: number, impact: Impact | null): readonly LinePoint[] => {
  if (impact === null) return []
  const { mean, spread } = impact.error_percent
  return [{ x, value: mean, interval: spread === null ? undefined : [mean - spread, mean + spread] }]
}

const chartOf = ({ positions, vanilla }: TrainingImpactFindings, reductions: string): LineChart => ({
  kind: 'lines',
  x: {
    title: 'feature map with the branch',
    unit: 'count',
    names: Object.fromEntries(positions.map(({ map, name, shape }) => [map, `${name}, ${shape.join('×')}`])),
  },
  y: { title: 'error', unit: 'percent' },
  lines: Object.keys(positions[0]?.results ?? {}).map(set => ({
    name: set,
    points: positions.flatMap(({ map, results }) => pointOf(map, results[set][reductions])),
  })),
  levels: vanilla === null ? [] : [{ name: 'vanilla', value: vanilla.error_percent.mean }],
})

/** The page of `impact --training`: the paper's Figure 6, a chart for each pair of reductions, a line for each set of transforms. */
export const trainingImpactPage = (findings: TrainingImpactFindings): Page => {
  const { network, images, positions, seeds } = findings
  const [first] = Object.values(positions[0]?.results ?? {})
  const charts: readonly Section[] = Object.keys(first ?? {}).map(reductions => {
    const [training, inference] = reductions.split(',')
    return {
      kind: 'chart',
      id: reductions.replace(',', '-'),
      heading: `Trained with ${training}, run with ${inference}`,
      text: `Each point is a network trained with a branch at that feature map alone: one variant unchanged, the other transformed. Below the dashed line it is better than the network without. Means over ${seeds.length} seed${seeds.length === 1 ? '' : 's, plus and minus one standard deviation over them'}.`,
      chart: chartOf(findings, reductions),
    }
  })
  return {
    name: 'training-impact',
    title: `Training impact of ${network}`,
    subtitle: `Trained on ${images.train.toLocaleString('en-US')} images with a branch at one of ${positions.length} feature maps, evaluated on ${images.evaluate.toLocaleString('en-US')}`,
    sections: charts,
    result: findings,
  }
}
