import { EspalierError } from '../../../ir/index.ts'
import {
  type FixedPlan,
  placePlan,
  scoreReduction,
  type Variant,
  variantKey,
  variantsOfPlan,
} from '../../../passes/index.ts'
import { orThrow, sourceProblem } from '../../base/error.ts'
import { random } from '../../base/random.ts'
import type { DataSet } from '../../data/index.ts'
import type { Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import { type VariantLogits, type VariantsOptions, variantLogits } from '../variants/logits.ts'
import { disputedListed, type ViewsResult, viewsResult } from './result.ts'
import { type View, type Views, viewsOf } from './views.ts'

/** How a plan's views are run. */
export interface ViewsOptions extends Pick<VariantsOptions, 'backend' | 'executor' | 'precision' | 'debug' | 'cache'> {
  /** Images at a time. Default 128, fewer of larger images. */
  readonly batch?: number
  /** Only the first so many images. */
  readonly limit?: number
  /** Of the transforms that a plan draws. Default 0. */
  readonly seed?: number
  /** Aborted, it answers for the images that all variants have seen. */
  readonly signal?: AbortSignal
  /** Told how many images are done, over all graphs, of how many. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/** A plan's distinct variants, with how often it has each. */
const counted = (variants: readonly Variant[]): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  for (const key of variants.map(variantKey)) times.set(key, (times.get(key) ?? 0) + 1)
  return times
}

const analysed = (ran: VariantLogits, variants: readonly Variant[], reduction: 'max' | 'sum' | 'geo'): Views => {
  const logits = (key: string): Float32Array => ran.logits.get(key) as Float32Array
  const views: readonly View[] = [...counted(variants)].map(([variant, times]) => ({
    variant,
    times,
    logits: logits(variant),
  }))
  const { labels, classes } = ran
  return viewsOf({ labels: labels as readonly number[], classes, vanilla: logits('id'), views, reduction })
}

/** Where the listed images came from. */
const filesOf = async (data: DataSet, { won, lost, disputed }: Views): Promise<ReadonlyMap<number, string>> => {
  const files = new Map<number, string>()
  for (const { index } of [...won, ...lost, ...disputed.slice(0, disputedListed)])
    if (!files.has(index)) files.set(index, orThrow(await data.read(index, index + 1))[0].where)
  return files
}

/**
 * Runs every variant of a plan on labelled images by itself: which images the plan turns right and wrong, by class, and where its
 * variants disagree. @throws EspalierError where the plan or the executor does not fit, or no image was run
 */
export const networkViews = async (
  network: Network,
  plan: FixedPlan,
  images: Images,
  { seed = 0, limit, onProgress = () => {}, ...options }: ViewsOptions,
  initializedFrom?: number,
): Promise<ViewsResult> => {
  const begun = performance.now()
  const placed = orThrow(placePlan(plan, network.graph, random(seed, 'plan').next))
  const variants = variantsOfPlan(placed)
  const ran = await variantLogits(network, [[], ...variants], images, { ...options, limit, onBatch: onProgress })
  if (ran.images === 0)
    throw new EspalierError([sourceProblem('bad-input', '--data', 'no image was run', 'one at least')])
  const views = analysed(ran, variants, scoreReduction(placed) ?? 'geo')
  return viewsResult(views, {
    network: network.name,
    plan: placed.name,
    data: images.data.name,
    ran,
    initializedFrom,
    names: images.classes,
    files: await filesOf(images.data, views),
    seconds: (performance.now() - begun) / 1000,
  })
}
