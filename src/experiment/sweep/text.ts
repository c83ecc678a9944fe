import { table } from '../../base/format.ts'
import { type Claim, isTested } from './claims.ts'
import type { SweepResult } from './result.ts'

/** 31.17 ± 0.12. */
export const meanAndSpread = ({ mean, spread }: SweepResult['table'][number]['error_percent']): string =>
  spread === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${spread.toFixed(2)}`

export const times = (relative: number | null): string => (relative === null ? '–' : `${relative.toFixed(2)}×`)

type TrainingResult = SweepResult['trainings'][number]

const statusText = (each: TrainingResult): string => {
  switch (each.status) {
    case 'training':
      return `training epoch ${each.epoch}`
    case 'failed':
      return `failed: ${each.reason.split('\n')[0]}`
    default:
      return each.status
  }
}

/** A line a training: what it is and how far it has come. */
export const describeTrainings = ({ trainings, runs }: SweepResult): string =>
  table(
    ['training', 'seed', 'runs', 'seconds', 'status'],
    trainings.map(each => [
      each.name,
      String(each.seed),
      String(runs.filter(({ trained, seed }) => trained === each.name && seed === each.seed).length),
      each.training?.seconds.toFixed(0) ?? '–',
      statusText(each),
    ]),
  )

/** The paper's matrices one below another: a line for what a plan was trained with, a column for what it is run with. */
const matrices = ({ table: cells }: SweepResult): string => {
  const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]
  const columns = unique(cells.map(cell => cell.inference_reduction))
  const rows = unique(cells.map(({ plan, train_reduction }) => `${plan} ${train_reduction}`))
  return table(
    ['plan', 'time', 'trained with', ...columns.map(name => `run with ${name}`)],
    rows.map(row => {
      const line = cells.filter(({ plan, train_reduction }) => `${plan} ${train_reduction}` === row)
      const branched = line.find(cell => cell.inference_reduction !== 'vanilla') ?? line[0]
      const at = (column: string): string => {
        const cell = line.find(each => each.inference_reduction === column)
        return cell === undefined ? '–' : meanAndSpread(cell.error_percent)
      }
      return [line[0].plan, times(branched.relative_time), line[0].train_reduction, ...columns.map(at)]
    }),
  )
}

/** In one line the claims of the paper that a sweep says nothing of. */
const untestedText = (claims: readonly Claim[]): string =>
  `Untested here: ${claims.map(({ claim, because }) => `(${claim}) ${because.at(-1)}`).join('; ')}.`

/** Errors over seeds, the claims, and what is not done. */
export const describeSweep = (result: SweepResult): string => {
  const { claims, trainings, images, network } = result
  const [tested, untested] = [true, false].map(is => claims.filter(claim => isTested(claim) === is))
  const open = trainings.filter(({ status }) => status !== 'done')
  return [
    `${network} trained on ${images.train} images, ${trainings.length - open.length} of ${trainings.length} trainings done; errors on ${images.evaluate} images, means and standard deviations over seeds; vanilla: without the branches.`,
    ...(result.table.length === 0 ? [] : [matrices(result)]),
    ...(result.warnings ?? []),
    ...tested.map(({ claim, says, verdict, because }) =>
      [`(${claim}) ${says}: ${verdict}.`, ...because.map(line => `    ${line}`)].join('\n'),
    ),
    ...(untested.length === 0 ? [] : [untestedText(untested)]),
    ...(open.length === 0 ? [] : [describeTrainings({ ...result, trainings: open })]),
  ].join('\n\n')
}
