import { type Reduction, reductions } from '../../../ir/index.ts'
import { featureMaps, multiplyAdds, unrollShared, type Variant, variantKey } from '../../../passes/index.ts'
import { orThrow } from '../../base/error.ts'
import { rankOf } from '../../execute/score.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import { differenceInterval, type Turns, turnsOf } from '../paired.ts'
import { defaultBatch, openVariants, type VariantLogits, type VariantsOptions } from '../variants/logits.ts'
import { errorOf, errorRate, reduceLogits } from '../variants/reduction.ts'
import { forwardTimer } from './time.ts'
import { type ImpactTransform, parseImpactTransforms, transformsOfVectors } from './transforms.ts'

type Interval = readonly [low: number, high: number]

/** Errors in percent, with Wilson's 95 % intervals, where a transform is applied to one feature map; and 95 % intervals of the difference to vanilla on the same images, in points. */
export interface TransformImpact {
  /** The map is transformed, and the network goes on. */
  readonly only: number
  readonly onlyInterval: Interval
  readonly onlyDifferenceInterval: Interval
  /** The map and its transform both go on, and their answers are reduced. */
  readonly branch: Readonly<Record<Reduction, number>>
  readonly branchInterval: Readonly<Record<Reduction, Interval>>
  readonly branchDifferenceInterval: Readonly<Record<Reduction, Interval>>
}

/** A feature map with what each transform does there. */
export interface ImpactPosition {
  readonly map: number
  readonly name: string
  /** Rows, columns, channels. */
  readonly shape: readonly [h: number, w: number, c: number]
  /** Of the branch, relative to one forward of the network. */
  readonly branchMultiplyAddsRelative: number
  readonly results: Readonly<Record<string, TransformImpact>>
}

/** What was measured, and where. */
interface Measured {
  readonly transforms: readonly string[]
  readonly backend: string
  readonly executor: string
  readonly precision: string
  readonly runtime: string
  readonly batch: number
  /** Of one forward of one image. */
  readonly multiplyAdds: number
  /** Of all that was run for an image, in forwards of the network for each position and transform. Null where some was in the cache. */
  readonly multiplyAddsRelativePerPosition: number | null
  /** The same in time, measured beside forwards of the same batches. Null where some was in the cache or too few batches were run. */
  readonly secondsRelativePerPosition: number | null
  readonly forwardMillisecondsPerBatch: number | null
  readonly seconds: number
  readonly interrupted?: true
  /** Of weights that nobody trained. */
  readonly initializedFromSeed?: number
}

/** What transforming each feature map of a network does to its error, without retraining (paper, section 4.2). */
export interface ImpactResult extends Measured {
  readonly network: string
  readonly data: string
  readonly images: number
  readonly vanillaErrorPercent: number
  readonly vanillaIntervalPercent: Interval
  readonly positions: readonly ImpactPosition[]
}

/** Answers that a transform at one feature map turns. */
interface TransformCounts {
  readonly only: Turns
  readonly branch: Readonly<Record<Reduction, Turns>>
}

/** The same as {@link ImpactResult} in answers, which add up over parts of the images. */
export interface ImpactCounts extends Measured {
  readonly network: string
  readonly data: string
  readonly images: number
  readonly wrong: number
  readonly positions: readonly (Omit<ImpactPosition, 'results'> & {
    readonly results: Readonly<Record<string, TransformCounts>>
  })[]
}

/** What transforms are measured, and how. */
export interface ImpactOptions extends Omit<VariantsOptions, 'onBatch'> {
  /** Only the first so many images. */
  readonly limit?: number
  /** `flip,rotate,scale` (the default), or any transforms as plans spell them. */
  readonly transforms?: string | undefined
  /** Told how many images are done, over all graphs, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

const at = (map: number, { transform }: ImpactTransform): Variant => [{ map, transform }]

const flip: ImpactTransform = { name: 'flip', transform: { kind: 'd4', element: 'flip' } }

/** A number for each reduction. */
const byReduction = <A>(of: (reduction: Reduction) => A): Readonly<Record<Reduction, A>> =>
  Object.fromEntries(reductions.map(reduction => [reduction, of(reduction)])) as Record<Reduction, A>

/** Whether each image is answered wrong. */
const wrongs = (scores: Float32Array | Float64Array, labels: readonly number[]): readonly boolean[] => {
  const classes = scores.length / labels.length
  return labels.map((label, image) => rankOf(scores, image, classes, label) > 0)
}

const countTurns = (
  { logits, classes }: VariantLogits,
  labels: readonly number[],
  variant: Variant,
): TransformCounts => {
  const [plain, transformed] = [[], variant].map(v => logits.get(variantKey(v)) as Float32Array)
  const vanilla = wrongs(plain, labels)
  return {
    only: turnsOf(vanilla, wrongs(transformed, labels)),
    branch: byReduction(reduction =>
      turnsOf(vanilla, wrongs(reduceLogits([plain, transformed], { classes, reduction }), labels)),
    ),
  }
}

const transformImpact = ({ only, branch }: TransformCounts, wrong: number, images: number): TransformImpact => {
  const rateOf = ({ won, lost }: Turns) => errorRate(wrong - won + lost, images)
  return {
    only: rateOf(only).percent,
    onlyInterval: rateOf(only).interval,
    onlyDifferenceInterval: differenceInterval(only, images),
    branch: byReduction(reduction => rateOf(branch[reduction]).percent),
    branchInterval: byReduction(reduction => rateOf(branch[reduction]).interval),
    branchDifferenceInterval: byReduction(reduction => differenceInterval(branch[reduction], images)),
  }
}

const positionsOf = (
  network: Network,
  transforms: readonly ImpactTransform[],
  found: VariantLogits,
  labels: readonly number[],
): ImpactCounts['positions'] =>
  featureMaps(network.graph).map(({ name, type: { h, w, c } }, map) => ({
    map,
    name,
    shape: [h, w, c],
    branchMultiplyAddsRelative:
      multiplyAdds(orThrow(unrollShared(network, [[], at(map, flip)]))) / multiplyAdds(network.graph),
    results: Object.fromEntries(
      transforms.map(transform => [transform.name, countTurns(found, labels, at(map, transform))]),
    ),
  }))

/** The errors that answers come to. */
export const impactOf = ({
  network,
  data,
  images,
  wrong,
  transforms,
  positions,
  ...rest
}: ImpactCounts): ImpactResult => {
  const vanilla = errorRate(wrong, images)
  return {
    ...{ network, data, images },
    vanillaErrorPercent: vanilla.percent,
    vanillaIntervalPercent: vanilla.interval,
    transforms,
    positions: positions.map(position => ({
      ...position,
      results: Object.fromEntries(
        Object.entries(position.results).map(([name, counts]) => [name, transformImpact(counts, wrong, images)]),
      ),
    })),
    ...rest,
  }
}

/** The answers on all images, of those on parts of them. */
export const joinImpact = (parts: readonly ImpactCounts[]): ImpactCounts => {
  const [first] = parts
  const sum = (of: (part: ImpactCounts) => number): number => parts.reduce((total, part) => total + of(part), 0)
  const summed = (of: (part: ImpactCounts) => Turns): Turns => ({
    won: sum(part => of(part).won),
    lost: sum(part => of(part).lost),
  })
  /** Null where a part does not know it. */
  const mean = (key: keyof Measured & `${string}Per${string}`): number | null =>
    parts.some(part => part[key] === null) ? null : sum(part => Number(part[key])) / parts.length
  return {
    ...first,
    images: sum(({ images }) => images),
    wrong: sum(({ wrong }) => wrong),
    positions: first.positions.map((position, k) => {
      const at = (part: ImpactCounts, name: string): TransformCounts => part.positions[k].results[name]
      return {
        ...position,
        results: Object.fromEntries(
          first.transforms.map(name => [
            name,
            {
              only: summed(part => at(part, name).only),
              branch: byReduction(reduction => summed(part => at(part, name).branch[reduction])),
            },
          ]),
        ),
      }
    }),
    multiplyAddsRelativePerPosition: parts.some(part => part.multiplyAddsRelativePerPosition === null)
      ? null
      : first.multiplyAddsRelativePerPosition,
    secondsRelativePerPosition: mean('secondsRelativePerPosition'),
    forwardMillisecondsPerBatch: mean('forwardMillisecondsPerBatch'),
    seconds: sum(({ seconds }) => seconds),
  }
}

/**
 * Transforms every feature map of a network by itself and counts wrong answers: with the map transformed, and with a branch
 * there under each reduction. All positions share what lies before them. Interrupted, it answers for the images that all
 * positions have seen.
 * @throws EspalierError where a transform does not fit or the executor is not there
 */
export const impact = async (network: Network, images: Images, options: ImpactOptions = {}): Promise<ImpactResult> =>
  impactOf(await countImpact(network, images, options))

/** {@link impact} in answers. */
export const countImpact = async (
  network: Network,
  images: Images,
  { transforms: text = transformsOfVectors, onProgress = () => {}, limit, ...options }: ImpactOptions = {},
): Promise<ImpactCounts> => {
  const begun = performance.now()
  const transforms = orThrow(parseImpactTransforms(text))
  const maps = featureMaps(network.graph)
  const batch = options.batch ?? defaultBatch(network)
  const opened = await openVariants(network, images, {
    ...options,
    batch,
    onBatch: async seen => {
      onProgress(seen)
      await timer.after(seen)
    },
  })
  const timer = forwardTimer(network, batch, opened.executor)
  try {
    const variants = [[], ...maps.flatMap((_, map) => transforms.map(transform => at(map, transform)))]
    const found = await opened.logits(variants, limit)
    const labels = found.labels as readonly number[]
    const whole = found.computed === found.variants
    const time = whole ? timer.time() : undefined
    const count = maps.length * transforms.length
    return {
      network: network.name,
      data: images.data.name,
      images: found.images,
      wrong: errorOf(found.logits.get(variantKey([])) as Float32Array, labels).wrong,
      transforms: transforms.map(({ name }) => name),
      positions: positionsOf(network, transforms, found, labels),
      backend: found.backend,
      executor: found.executor,
      precision: found.precision,
      runtime: found.describe,
      batch,
      multiplyAdds: multiplyAdds(network.graph),
      multiplyAddsRelativePerPosition: whole ? found.multiplyAdds.relative / count : null,
      secondsRelativePerPosition: time === undefined ? null : time.graphs / count,
      forwardMillisecondsPerBatch: time?.milliseconds ?? null,
      seconds: (performance.now() - begun) / 1000,
      ...(found.interrupted ? { interrupted: true } : {}),
    }
  } finally {
    timer.dispose()
  }
}
