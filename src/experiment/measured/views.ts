import { EspalierError } from '../../../ir/index.ts'
import { type FixedPlan, parsePlan } from '../../../passes/index.ts'
import { orThrow, sourceProblem } from '../../base/error.ts'
import { table } from '../../base/format.ts'
import { measuresOfEach } from '../../measures/index.ts'
import type { Network } from '../../network/network.ts'
import { changesOf, type ImageChange, type MeasureChange, measureChanges } from './changes.ts'
import { describeChange, differenceOf, numberOf } from './describe-change.ts'
import { type MeasuredImages, type MeasuredOptions, type PlanRun, planRunner } from './run-plan.ts'

/** What a plan does to each image of a network whose answers are measured. */
export interface MeasuredViews extends Pick<PlanRun, 'backend' | 'executor' | 'precision' | 'batch'> {
  readonly network: string
  readonly plan: string
  readonly data: string
  readonly initializedFromSeed?: number
  readonly images: number
  readonly measures: readonly MeasureChange[]
  /** From the one that gains most by the first measure to the one that loses most. */
  readonly changes: readonly ImageChange[]
  readonly seconds: number
  readonly interrupted?: true
}

/** Runs a plan and the network as it is on images. @throws EspalierError where the plan or the executor does not fit, or no measure is of one image */
export const measuredViews = async (
  network: Network,
  plan: FixedPlan,
  images: MeasuredImages,
  options: MeasuredOptions,
  initializedFrom?: number,
): Promise<MeasuredViews> => {
  const begun = performance.now()
  const measures = measuresOfEach(images.measured, '--data')
  const run = await planRunner(network, images, options, 2)
  const vanilla = await run(orThrow(parsePlan('vanilla')))
  const own = await run(plan)
  const changes = changesOf(measures, vanilla.images, own.images)
  if (changes.length === 0)
    throw new EspalierError([sourceProblem('bad-input', '--data', 'no image was run', 'one at least')])
  const { backend, executor, precision, batch } = own
  return {
    ...{ network: network.name, plan: own.plan, data: images.data.name },
    ...(initializedFrom === undefined ? {} : { initializedFromSeed: initializedFrom }),
    images: changes.length,
    measures: measureChanges(measures, changes),
    changes,
    ...{ backend, executor, precision, batch, seconds: (performance.now() - begun) / 1000 },
    ...(vanilla.interrupted || own.interrupted ? { interrupted: true } : {}),
  }
}

const imagesPrinted = 8

/** A line a measure, and the images that gain and lose most by the first. */
export const describeMeasuredViews = ({ network, plan, images, measures, changes }: MeasuredViews): string => {
  const ends =
    changes.length <= 2 * imagesPrinted
      ? changes
      : [...changes.slice(0, imagesPrinted), ...changes.slice(-imagesPrinted)]
  const [first] = measures
  return [
    [`${network} under ${plan}, ${images} image${images === 1 ? '' : 's'}:`, ...measures.map(describeChange)].join(
      '\n',
    ),
    ...(first === undefined
      ? []
      : [
          table(
            ['vanilla', 'plan', first.title, 'image'],
            ends.map(({ vanilla, plan: own, image }) => [
              numberOf(first, vanilla[first.name]),
              numberOf(first, own[first.name]),
              differenceOf(first, own[first.name] - vanilla[first.name]),
              image,
            ]),
          ),
        ]),
  ].join('\n\n')
}
