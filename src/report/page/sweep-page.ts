import type { Sourced } from '../../experiment/sourced.ts'
import { isTested } from '../../experiment/sweep/claims.ts'
import type { MatrixChart, Measured, ScatterGroup } from './chart.ts'
import type { Page, Section } from './section.ts'

/** A cell of the paper's matrices, over its seeds. */
interface Cell {
  readonly plan: string
  readonly train_reduction: string
  readonly inference_reduction: string
  readonly seeds: readonly number[]
  /** `spread`: the standard deviation over seeds. */
  readonly error_percent: { readonly mean: number; readonly spread: number | null }
  readonly relative_time: number | null
}

/** What `sweep` found, as far as its page reads it. */
export interface SweepFindings extends Sourced {
  readonly network: string
  readonly table: readonly Cell[]
  readonly claims?: readonly {
    readonly says: string
    readonly rule: string
    readonly verdict: string
    readonly because: readonly string[]
  }[]
  /** What people should know of how it was run. */
  readonly notes?: readonly string[]
  /** What looks wrong. */
  readonly warnings?: readonly string[]
}

const measured = ({ error_percent: { mean, spread } }: Cell): Measured => ({
  value: mean,
  interval: spread === null ? undefined : [mean - spread, mean + spread],
})

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]

/** Error against time: a group for each pair of reductions. */
const groupsOf = (cells: readonly Cell[]): readonly ScatterGroup[] => {
  const pairOf = ({ train_reduction, inference_reduction }: Cell): string =>
    `${train_reduction}, ${inference_reduction}`
  return unique(cells.map(pairOf)).map(name => ({
    name,
    points: cells.flatMap(cell => {
      const { value, interval } = measured(cell)
      return pairOf(cell) !== name || cell.relative_time === null || value === null
        ? []
        : [{ name: cell.plan, x: cell.relative_time, y: value, interval }]
    }),
  }))
}

const matrixOf = (cells: readonly Cell[]): MatrixChart => {
  const rows = unique(cells.map(cell => cell.train_reduction))
  const columns = unique(cells.map(cell => cell.inference_reduction))
  return {
    kind: 'matrix',
    rows: { title: 'trained with', names: rows },
    columns: { title: 'run with', names: columns },
    unit: 'percent',
    values: rows.map(train =>
      columns.map(inference => {
        const cell = cells.find(c => c.train_reduction === train && c.inference_reduction === inference)
        return cell === undefined ? { value: null } : measured(cell)
      }),
    ),
  }
}

/** The page of `sweep`: the paper's Figures 2 and 3, of the cells `shown`, and a matrix of Figures 7 and 8 for each plan. */
export const sweepPage = (findings: SweepFindings, shown: SweepFindings['table'] = findings.table): Page => {
  const { network, table: cells, claims = [], notes = [], warnings = [], seeds } = findings
  const plans = unique(cells.map(cell => cell.plan))
  const timed = shown.some(cell => cell.relative_time !== null)
  const overSeeds = `Means over ${seeds.length} seed${seeds.length === 1 ? '' : 's'}${seeds.length > 1 ? ', plus and minus one standard deviation over them' : ''}.`
  const front: readonly Section[] = timed
    ? [
        {
          kind: 'chart',
          id: 'time',
          heading: 'Error against time',
          text: `Each point is a plan; its colour, the reductions that it was trained and run with. ${overSeeds} No point is below and left of the line.`,
          chart: {
            kind: 'scatter',
            x: { title: 'time over vanilla', unit: 'times' },
            y: { title: 'error', unit: 'percent' },
            groups: groupsOf(shown),
            levels: cells
              .filter(({ plan }) => plan === 'vanilla')
              .map(({ error_percent }) => ({ name: 'vanilla', value: error_percent.mean })),
          },
        },
      ]
    : []
  const [tested, untested] = [true, false].map(is => claims.filter(claim => isTested(claim) === is))
  const judged: readonly Section[] =
    claims.length === 0
      ? []
      : [
          {
            kind: 'table',
            heading: "The paper's claims",
            ...(untested.length === 0
              ? {}
              : {
                  text: `Untested here: ${untested.map(({ says, because }) => `${says} (${because.at(-1)})`).join('; ')}.`,
                }),
            folded: true,
            head: ['claim', 'verdict', 'because', 'judged by'],
            rows: tested.map(({ says, verdict, because, rule }) => [says, verdict, because.join('; '), rule]),
          },
        ]
  const matrices: readonly Section[] = plans
    .map(plan => [plan, cells.filter(cell => cell.plan === plan)] as const)
    .filter(([, of]) => of.length > 1)
    .map(([plan, of]) => ({
      kind: 'chart',
      id: `matrix-${plan.replace(/[^\w-]+/g, '-')}`,
      heading: `${plan}: trained with, run with`,
      text: `Error in percent. ${overSeeds} vanilla: without the branches.`,
      chart: matrixOf(of),
    }))
  return {
    name: 'sweep',
    title: `Branching ${network}: plans, reductions and seeds`,
    subtitle: `${plans.length} plans, ${cells.length} cells, seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}`,
    sections: [
      ...(notes.length === 0 ? [] : [{ kind: 'text' as const, paragraphs: notes }]),
      ...(warnings.length === 0 ? [] : [{ kind: 'text' as const, heading: 'Mind', paragraphs: warnings }]),
      ...front,
      ...matrices,
      ...judged,
    ],
    result: findings,
  }
}
