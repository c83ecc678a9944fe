import { table } from '../format.ts'
import type { SweepResult } from './sweep-result.ts'

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

const cells = ({ table: rows }: SweepResult): string =>
  table(
    ['plan', 'trained with', 'run with', 'time', 'seeds', 'error %'],
    rows.map(({ plan, train_reduction, inference_reduction, relative_time, seeds, error_percent }) => [
      plan,
      train_reduction,
      inference_reduction,
      times(relative_time),
      String(seeds.length),
      meanAndSpread(error_percent),
    ]),
  )

/** Errors over seeds, the claims, and what is not done. */
export const describeSweep = (result: SweepResult): string => {
  const { claims, trainings, images, network } = result
  const open = trainings.filter(({ status }) => status !== 'done')
  return [
    `${network} trained on ${images.train} images, ${trainings.length - open.length} of ${trainings.length} trainings done; errors on ${images.evaluate} images, means and standard deviations over seeds.`,
    ...(result.table.length === 0 ? [] : [cells(result)]),
    ...claims.map(({ claim, says, verdict, because }) =>
      [`(${claim}) ${says}: ${verdict}.`, ...because.map(line => `    ${line}`)].join('\n'),
    ),
    ...(open.length === 0 ? [] : [describeTrainings({ ...result, trainings: open })]),
  ].join('\n\n')
}
