import { printTransform, type Transform } from '../../../ir/index.ts'
import { featureMaps, parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { table } from '../../base/format.ts'
import { measuresOfEach } from '../../measures/index.ts'
import { answersMaps, type Network } from '../../network/network.ts'
import { type ImpactTransform, parseImpactTransforms, transformsOfVectors } from '../impact/transforms.ts'
import { changesOf, type MeasureChange, measureChanges } from './changes.ts'
import { differenceOf, numberOf } from './describe-change.ts'
import { type MeasuredImages, type MeasuredOptions, type PlanRun, planRunner } from './run-plan.ts'

/** What a transform of one feature map does to the measures: alone, and as a branch beside the map, reduced by the mean. */
export interface MeasuredTransform {
  /** Nothing where the transform moves part of the map out of it: of that an answer would be missing. */
  readonly only: readonly MeasureChange[]
  readonly branch: readonly MeasureChange[]
  /** Of the branch, relative to one forward of the network. */
  readonly branchMultiplyAddsRelative: number
}

/** What transforming each feature map of a network does to its measures. */
export interface MeasuredImpact extends Pick<PlanRun, 'backend' | 'executor' | 'precision' | 'batch'> {
  readonly network: string
  readonly data: string
  readonly initializedFromSeed?: number
  readonly images: number
  readonly transforms: readonly string[]
  readonly positions: readonly {
    readonly map: number
    readonly name: string
    /** Rows, columns, channels. */
    readonly shape: readonly [h: number, w: number, c: number]
    readonly results: Readonly<Record<string, MeasuredTransform>>
  }[]
  readonly seconds: number
  /** The positions before it are whole. */
  readonly interrupted?: true
}

/** Options of {@link measuredImpact}. */
export interface MeasuredImpactOptions extends MeasuredOptions {
  /** By name, separated by commas. Default: of networks that answer by vectors `flip,rotate,scale`, of others `flip,flipv`: the rest leave the border of a map out, and blur it. */
  readonly transforms?: string | undefined
}

export const transformsOfMaps = 'flip,flipv'

const transformsFor = (network: Network): string => (answersMaps(network) ? transformsOfMaps : transformsOfVectors)

/** Whether an answer is left of every pixel where all of a map is transformed. */
const canStandAlone = (network: Network, { kind }: Transform): boolean => kind === 'd4' || !answersMaps(network)

/** Runs each position by itself, plan by plan. @throws EspalierError where a transform or the executor does not fit, or no measure is of one image */
export const measuredImpact = async (
  network: Network,
  images: MeasuredImages,
  { transforms: text = transformsFor(network), ...options }: MeasuredImpactOptions,
  initializedFrom?: number,
): Promise<MeasuredImpact> => {
  const begun = performance.now()
  const measures = measuresOfEach(images.measured, '--data')
  const transforms = orThrow(parseImpactTransforms(text))
  const maps = featureMaps(network.graph)
  const alone = transforms.filter(({ transform }) => canStandAlone(network, transform))
  const plans = 1 + maps.length * (transforms.length + alone.length)
  const run = await planRunner(network, images, options, plans)
  const vanilla = await run(orThrow(parsePlan('vanilla')))
  const isOver = (): boolean => options.signal?.aborted === true
  const changes = ({ images: own }: PlanRun) => measureChanges(measures, changesOf(measures, vanilla.images, own))
  const impactOf = async (each: ImpactTransform, map: number): Promise<MeasuredTransform> => {
    const name = printTransform(each.transform)
    const only = alone.includes(each) ? changes(await run(orThrow(parsePlan(`{${name}}@${map}:mean`)))) : []
    const branch = await run(orThrow(parsePlan(`{id,${name}}@${map}:mean`)))
    return {
      ...{ only, branch: changes(branch) },
      branchMultiplyAddsRelative: branch.multiplyAddsRelative,
    }
  }
  const positions: MeasuredImpact['positions'][number][] = []
  for (const [
    map,
    {
      name,
      type: { h, w, c },
    },
  ] of maps.entries()) {
    const results: Record<string, MeasuredTransform> = {}
    for (const transform of transforms) if (!isOver()) results[transform.name] = await impactOf(transform, map)
    if (!isOver()) positions.push({ map, name, shape: [h, w, c], results })
  }
  const { backend, executor, precision, batch } = vanilla
  return {
    ...{ network: network.name, data: images.data.name },
    ...(initializedFrom === undefined ? {} : { initializedFromSeed: initializedFrom }),
    ...{ images: vanilla.images.length, transforms: transforms.map(({ name }) => name), positions },
    ...{ backend, executor, precision, batch, seconds: (performance.now() - begun) / 1000 },
    ...(isOver() ? { interrupted: true } : {}),
  }
}

/** A table for the first measure: a row a feature map, two columns a transform. */
export const describeMeasuredImpact = ({
  network,
  data,
  images,
  positions,
  transforms,
  interrupted,
}: MeasuredImpact): string => {
  const [first] = positions.flatMap(({ results }) => Object.values(results).flatMap(({ branch }) => branch.slice(0, 1)))
  const stopped = interrupted === true ? ' (interrupted)' : ''
  const head = `${network} on ${data}, ${images} images${stopped}`
  if (first === undefined) return `${head}.`
  const told = (changes: readonly MeasureChange[]): string =>
    changes[0] === undefined ? '' : differenceOf(first, changes[0].difference)
  const unit = first.unit === '' ? '' : ` ${first.unit}`
  const columns = transforms.flatMap(name => {
    const branch = { title: `id, ${name}`, of: (of: MeasuredTransform) => of.branch, name }
    const alone = positions.some(({ results }) => results[name].only.length > 0)
    return alone ? [{ title: name, of: (of: MeasuredTransform) => of.only, name }, branch] : [branch]
  })
  return [
    `${head}: ${first.title} of an image ${numberOf(first, first.vanilla)}${unit}.`,
    `What is added to it where one feature map is transformed, and by a branch there:\n${table(
      ['map', 'name', 'shape', ...columns.map(({ title }) => title)],
      positions.map(({ map, name, shape, results }) => [
        ...[String(map), name, shape.join('×')],
        ...columns.map(({ name, of }) => told(of(results[name]))),
      ]),
    )}`,
  ].join('\n\n')
}
