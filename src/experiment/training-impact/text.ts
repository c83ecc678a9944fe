import { table } from '../../base/format.ts'
import { describeTrainings, meanAndSpread } from '../sweep/text.ts'
import type { TrainingImpactResult } from './training-impact.ts'

/** A line a feature map, a column for transforms and reductions. */
export const describeTrainingImpact = (result: TrainingImpactResult): string => {
  const { positions, vanilla, trainings, images, network } = result
  const open = trainings.filter(({ status }) => status !== 'done')
  const columns = Object.entries(positions[0]?.results ?? {}).flatMap(([set, pairs]) =>
    Object.keys(pairs).map(pair => [set, pair] as const),
  )
  return [
    `${network} trained on ${images.train} images, with a branch at one feature map; errors on ${images.evaluate} images. vanilla: ${vanilla === null ? 'not done' : meanAndSpread(vanilla.error_percent)}.`,
    table(
      ['map', 'name', 'shape', ...columns.map(([set, pair]) => `${set} ${pair}`)],
      positions.map(({ map, name, shape, results }) => [
        String(map),
        name,
        shape.join('×'),
        ...columns.map(([set, pair]) => {
          const impact = results[set][pair]
          return impact === null ? '–' : meanAndSpread(impact.error_percent)
        }),
      ]),
    ),
    ...(open.length === 0 ? [] : [describeTrainings({ ...result, trainings: open })]),
  ].join('\n\n')
}
