import { EspalierError } from '../../ir/index.ts'
import { type Batch, batches, type DataSet, type Preprocess } from '../data/index.ts'
import { orThrow, sourceProblem } from '../error.ts'
import type { OpenExecutor } from '../execute/executor.ts'
import { fitPreprocess } from '../meaning.ts'
import { classCount, imageType, type Network } from '../network.ts'
import { distinctVariants, type Variant, variantKey } from './variant.ts'
import { openVariantCache, scanData, type VariantCache } from './variant-cache.ts'
import { type ExecuteOptions, type GraphExecutor, graphExecutor } from './variant-executor.ts'
import { joinedVariants, type VariantProgram, variantProgram } from './variant-program.ts'

/** A batch that went through one of the graphs. */
export interface VariantBatch {
  readonly images: Float32Array
  readonly n: number
  /** Of the graph alone, without reading images. */
  readonly milliseconds: number
  /** Which graph, of how many. */
  readonly graph: number
  readonly graphs: number
  /** Images done over all graphs, of how many. */
  readonly done: number
  readonly total: number
}

export interface VariantLogitsOptions extends ExecuteOptions {
  /** Default: the data set's own. */
  readonly preprocess?: Preprocess
  /** Images at a time. Default {@link defaultBatch}. */
  readonly batch?: number
  /** Only the first so many images. */
  readonly limit?: number
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

/** More outputs are another graph: it bounds the memory that one takes. */
const outputsAtMost = 64

const pixelsAtOnce = 2 ** 19
const batchAtMost = 128

/** Images at a time that graphs of many variants have memory for. */
export const defaultBatch = (network: Network): number => {
  const { h, w } = imageType(network)
  return Math.max(1, Math.min(batchAtMost, Math.floor(pixelsAtOnce / (h * w))))
}

/** The logits of one variant, of which the first rows are known. */
interface Sheet {
  readonly variant: Variant
  readonly key: string
  readonly logits: Float32Array
  known: number
}

/** Sheets that are computed together: known as far, with much in common. */
const chunks = (sheets: readonly Sheet[], images: number): readonly (readonly Sheet[])[] => {
  const starts = [...new Set(sheets.map(({ known }) => known))].filter(known => known < images)
  return starts.flatMap(start => {
    const alike = sheets.filter(({ known }) => known === start)
    const count = Math.ceil(alike.length / outputsAtMost)
    return Array.from({ length: count }, (_, k) => alike.slice(k * outputsAtMost, (k + 1) * outputsAtMost))
  })
}

const from = (data: DataSet, first: number, end: number): DataSet => ({
  ...data,
  count: end - first,
  read: (a, b) => data.read(first + a, first + b),
})

/** Runs a batch; where another size costs a compilation, blank images fill it up. */
const runBatch = async (
  execution: OpenExecutor,
  input: string,
  { images, n }: Batch,
  batch: number,
): Promise<Readonly<Record<string, { readonly data: Float32Array | Float64Array }>>> => {
  if (n === batch || !execution.compilesBatches) return execution.run({ [input]: images })
  const filled = new Float32Array((images.length / n) * batch)
  filled.set(images)
  return execution.run({ [input]: filled })
}

interface Run {
  readonly network: Network
  readonly data: DataSet
  readonly preprocess: Preprocess
  readonly images: number
  readonly batch: number
  readonly executor: GraphExecutor
  readonly cache: VariantCache | undefined
  readonly signal: AbortSignal | undefined
  readonly onBatch: (batch: Pick<VariantBatch, 'images' | 'n' | 'milliseconds'>) => void | Promise<void>
}

/** Computes what is missing of some sheets; whole batches are kept, whatever ends it. */
const fill = async (program: VariantProgram, sheets: readonly Sheet[], run: Run): Promise<void> => {
  const { network, data, preprocess, images, batch, executor, cache, signal } = run
  const { name } = imageType(network)
  const classes = classCount(network)
  const [{ known }] = sheets
  const execution = await executor.open(program)
  try {
    const rest = { batch, preprocess, ...(signal === undefined ? {} : { signal }) }
    for await (const read of batches(from(data, known, images), rest)) {
      const begun = performance.now()
      const outputs = await runBatch(execution, name, read, batch)
      const milliseconds = performance.now() - begun
      for (const sheet of sheets) {
        const { data: rows } = outputs[program.outputs.get(sheet.key) as string]
        sheet.logits.set(rows.subarray(0, read.n * classes), (known + read.first) * classes)
        sheet.known = known + read.first + read.n
      }
      await run.onBatch({ images: read.images, n: read.n, milliseconds })
    }
  } finally {
    execution.dispose()
    for (const { key, logits, known } of sheets) await cache?.write(key, logits.subarray(0, known * classes))
  }
}

const preprocessFor = (network: Network, data: DataSet, given: Preprocess | undefined): Preprocess => {
  const preprocess = given ?? data.preprocess
  if (preprocess !== undefined) return orThrow(fitPreprocess(network, preprocess, data.name))
  const expected = 'a data set that knows how its images become an input, or preprocessing'
  throw new EspalierError([sourceProblem('bad-input', data.name, 'images of any size', expected)])
}

/**
 * The logits of variants of a network on a data set, computed by few graphs that share what variants have in common. What is
 * in the cache is not computed again; what is computed goes there, whole batches of it where it is interrupted.
 * @throws EspalierError where a variant, the data or the executor does not fit
 */
export const variantLogits = async (
  network: Network,
  variants: Iterable<Variant>,
  data: DataSet,
  options: VariantLogitsOptions = {},
): Promise<VariantLogits> => {
  const { batch = defaultBatch(network), cache, signal, onBatch = () => {} } = options
  const distinct = distinctVariants(variants)
  orThrow(joinedVariants(network, distinct))
  const preprocess = preprocessFor(network, data, options.preprocess)
  const images = Math.min(options.limit ?? data.count, data.count)
  const classes = classCount(network)
  const scan = await scanData(data, images)
  const executor = await graphExecutor(options)
  const kept =
    cache === undefined
      ? undefined
      : await openVariantCache(cache, classes, { network, scan, preprocess, runner: executor })
  const sheets: Sheet[] = []
  for (const variant of distinct) {
    const key = variantKey(variant)
    const rows = (await kept?.read(key)) ?? new Float32Array(0)
    const logits = new Float32Array(images * classes)
    logits.set(rows.subarray(0, logits.length))
    sheets.push({ variant, key, logits, known: Math.min(rows.length / classes, images) })
  }
  const missing = chunks(sheets, images)
  const total = missing.reduce((sum, [{ known }]) => sum + images - known, 0)
  let done = 0
  const multiplyAdds = { total: 0, relative: 0 }
  for (const [graph, chunk] of missing.entries()) {
    if (signal?.aborted === true) break
    const program = orThrow(
      variantProgram(
        network,
        chunk.map(({ variant }) => variant),
      ),
    )
    multiplyAdds.total += program.multiplyAdds.total
    multiplyAdds.relative += program.multiplyAdds.relative
    await fill(program, chunk, {
      network,
      data,
      preprocess,
      images,
      batch,
      executor,
      cache: kept,
      signal,
      onBatch: read => {
        done += read.n
        return onBatch({ ...read, graph, graphs: missing.length, done, total })
      },
    })
  }
  const known = Math.min(images, ...sheets.map(sheet => sheet.known))
  const { open: _, ...facts } = executor
  return {
    ...facts,
    images: known,
    interrupted: known < images,
    classes,
    labels: scan.labels?.slice(0, known),
    identity: scan.identity,
    logits: new Map(sheets.map(({ key, logits }) => [key, logits.subarray(0, known * classes)])),
    batch,
    variants: sheets.length,
    computed: missing.flat().length,
    multiplyAdds,
  }
}
