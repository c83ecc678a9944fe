import { type Reduction, reductions } from '../../../ir/index.ts'
import { ratio, table } from '../../base/format.ts'
import type { ImpactPosition, ImpactResult, TransformImpact } from './impact.ts'

const errorTable = ({ positions, transforms }: ImpactResult, of: (impact: TransformImpact) => number): string =>
  table(
    ['map', 'name', 'shape', ...transforms],
    positions.map(({ map, name, shape, results }: ImpactPosition) => [
      String(map),
      name,
      shape.join('×'),
      ...transforms.map(transform => of(results[transform]).toFixed(2)),
    ]),
  )

const branchTitle = (reduction: Reduction): string => `Error % with a branch there, reduced by ${reduction}:`

const costs = ({ positions, transforms, ...result }: ImpactResult): readonly string[] => {
  const { multiplyAddsRelativePerPosition: multiplyAdds, secondsRelativePerPosition: seconds } = result
  if (multiplyAdds === null) return ['Some of it was in the cache.']
  const time = seconds === null ? '' : ` and ${ratio(seconds)} the time`
  const forwards = `${positions.length * transforms.length} forwards of the network, one for each position and transform`
  return [`All of it took ${ratio(multiplyAdds)} the multiply-adds${time} of ${forwards}.`]
}

/** The result as tables for people: a row a feature map, a column a transform. */
export const describeImpact = (result: ImpactResult): string => {
  const {
    network,
    data,
    images,
    vanillaErrorPercent: vanilla,
    vanillaIntervalPercent: [low, high],
  } = result
  const stopped = result.interrupted === true ? ' (interrupted)' : ''
  return [
    `${network} on ${data}, ${images} images${stopped}: error ${vanilla.toFixed(2)} % (95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}).`,
    `Error % where one feature map is transformed:\n${errorTable(result, ({ only }) => only)}`,
    ...reductions.map(
      reduction => `${branchTitle(reduction)}\n${errorTable(result, ({ branch }) => branch[reduction])}`,
    ),
    ...costs(result),
  ].join('\n\n')
}
