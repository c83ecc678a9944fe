import { EspalierError } from '../../../ir/index.ts'
import { compileVariants, distinctVariants, unrollShared, type Variant } from '../../../passes/index.ts'
import { orThrow, sourceProblem } from '../../base/error.ts'
import { unanswered } from '../../execute/score.ts'
import { type GraphExecutor, graphExecutor, type SettleOptions } from '../../execute/settle.ts'
import { classCount, imageType, type Network } from '../../network/network.ts'
import type { Images } from '../../open/images.ts'
import { type DataScan, openVariantCache, scanData } from './cache.ts'
import { chunks, type FilledBatch, fill, openSheets } from './sheets.ts'

/** A batch that went through one of the graphs. */
export interface VariantBatch extends FilledBatch {
  /** Which graph, of how many. */
  readonly graph: number
  readonly graphs: number
  /** Images done over all graphs, of how many. */
  readonly done: number
  readonly total: number
}

/** How the logits of variants are computed. */
export interface VariantsOptions extends SettleOptions {
  /** Images at a time. Default 128, fewer of larger images. */
  readonly batch?: number
  /** A folder where logits are kept: what is there is not computed again. */
  readonly cache?: string
  /** Aborted, what is done is kept in the cache and returned. */
  readonly signal?: AbortSignal
  readonly onBatch?: (batch: VariantBatch) => void | Promise<void>
}

/** Logits of a network's variants on data. */
export interface VariantLogits extends Omit<GraphExecutor, 'open'> {
  /** Fewer than asked for where it was interrupted: as many as all variants have. */
  readonly images: number
  readonly interrupted: boolean
  readonly classes: number
  readonly labels: readonly number[] | undefined
  /** A hash of the images and labels asked for. */
  readonly identity: string
  /** `[images, classes]` by {@link variantKey}. */
  readonly logits: ReadonlyMap<string, Float32Array>
  readonly batch: number
  /** How many distinct variants there are, and how many of them were not in the cache whole. */
  readonly variants: number
  readonly computed: number
  /** Of one image through the graphs that were run, 0 where all was in the cache; `relative` to one forward of the network. */
  readonly multiplyAdds: { readonly total: number; readonly relative: number }
}

const pixelsAtOnce = 2 ** 19
const batchAtMost = 128

/** Images at a time that graphs of many variants have memory for. */
export const defaultBatch = (network: Network): number => {
  const { h, w } = imageType(network)
  return Math.max(1, Math.min(batchAtMost, Math.floor(pixelsAtOnce / (h * w))))
}

/** Refuses to count with scores that are no numbers. @throws EspalierError */
const checkAnswers = (variant: string, logits: Float32Array, classes: number): void => {
  const none = unanswered(logits, classes)
  if (none.length === 0) return
  const where = variant === 'id' ? 'the network as it is' : `variant ${variant}`
  const seen = `scores that are no numbers, of ${none.length} of ${logits.length / classes} images, first of image ${none[0]}`
  throw new EspalierError(
    [sourceProblem('not-a-number', where, seen, 'finite scores', 'run, which names the images')],
    'failure',
  )
}

/** A network on images: what the logits of all variants depend on is read, and an executor chosen, once. */
export interface OpenVariants {
  readonly executor: GraphExecutor
  /** The first so many images. @throws EspalierError where they cannot be read */
  readonly scan: (images: number) => Promise<DataScan>
  /**
   * The logits of variants on the first so many images, computed by few graphs that share what variants have in common. What is
   * in the cache is not computed again; what is computed goes there, whole batches of it where it is interrupted.
   * @throws EspalierError where a variant or the executor does not fit
   */
  readonly logits: (variants: Iterable<Variant>, images?: number) => Promise<VariantLogits>
}

/** Once for each argument. */
const once = <A>(of: (n: number) => Promise<A>): ((n: number) => Promise<A>) => {
  const known = new Map<number, Promise<A>>()
  return n => {
    const value = known.get(n) ?? of(n)
    known.set(n, value)
    return value
  }
}

/** Chooses an executor for a network's variants on images. @throws EspalierError where it is not there */
export const openVariants = async (
  network: Network,
  { data, preprocess }: Images,
  options: VariantsOptions = {},
): Promise<OpenVariants> => {
  const { batch = defaultBatch(network), cache: folder, signal, onBatch = () => {} } = options
  const classes = classCount(network)
  const executor = await graphExecutor(options)
  const scan = once(images => scanData(data, images))
  const cacheOf = once(async images => {
    const evaluated = { network, scan: await scan(images), preprocess, runner: executor }
    return folder === undefined ? undefined : openVariantCache(folder, classes, evaluated)
  })
  const logits = async (variants: Iterable<Variant>, limit = data.count): Promise<VariantLogits> => {
    const distinct = distinctVariants(variants)
    const unrolled = orThrow(unrollShared(network, distinct))
    const images = Math.min(limit, data.count)
    const { labels, identity } = await scan(images)
    const cache = await cacheOf(images)
    const sheets = await openSheets(distinct, { images, classes, cache })
    const missing = chunks(sheets, images)
    const total = missing.reduce((sum, [{ known }]) => sum + images - known, 0)
    let done = 0
    const multiplyAdds = { total: 0, relative: 0 }
    for (const [graph, chunk] of missing.entries()) {
      if (signal?.aborted === true) break
      const together = chunk.map(({ variant }) => variant)
      const program = orThrow(compileVariants(network, unrolled, together))
      multiplyAdds.total += program.multiplyAdds.total
      multiplyAdds.relative += program.multiplyAdds.relative
      await fill(program, chunk, {
        ...{ network, data, preprocess, images, batch, executor, cache, signal },
        onBatch: read => {
          done += read.n
          return onBatch({ ...read, graph, graphs: missing.length, done, total })
        },
      })
    }
    for (const { key, logits, known } of sheets) checkAnswers(key, logits.subarray(0, known * classes), classes)
    const known = Math.min(images, ...sheets.map(sheet => sheet.known))
    const { open: _, ...facts } = executor
    return {
      ...facts,
      images: known,
      interrupted: known < images,
      classes,
      labels: labels?.slice(0, known),
      identity,
      logits: new Map(sheets.map(({ key, logits }) => [key, logits.subarray(0, known * classes)])),
      batch,
      variants: sheets.length,
      computed: missing.flat().length,
      multiplyAdds,
    }
  }
  return { executor, scan, logits }
}

/** The logits of variants of a network on images, all of them or the first `limit`. @throws EspalierError where a variant or the executor does not fit */
export const variantLogits = async (
  network: Network,
  variants: Iterable<Variant>,
  images: Images,
  { limit, ...options }: VariantsOptions & { readonly limit?: number | undefined } = {},
): Promise<VariantLogits> => (await openVariants(network, images, options)).logits(variants, limit)
