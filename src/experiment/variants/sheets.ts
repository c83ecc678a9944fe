import { type Variant, type VariantProgram, variantKey } from '../../../passes/index.ts'
import { batches, type DataSet, type Preprocess } from '../../data/index.ts'
import { runFilled } from '../../execute/fill-batch.ts'
import type { GraphExecutor } from '../../execute/settle.ts'
import { classCount, imageType, type Network } from '../../network/network.ts'
import type { VariantCache } from './cache.ts'

/** More outputs are another graph: it bounds the memory that one takes. */
const outputsAtMost = 64

/** The logits of one variant, of which the first rows are known. */
export interface Sheet {
  readonly variant: Variant
  readonly key: string
  readonly logits: Float32Array
  known: number
}

interface SheetOptions {
  readonly images: number
  readonly classes: number
  readonly cache: VariantCache | undefined
}

/** A sheet for each variant, with what the cache has of it. */
export const openSheets = async (
  variants: readonly Variant[],
  { images, classes, cache }: SheetOptions,
): Promise<readonly Sheet[]> => {
  const sheets: Sheet[] = []
  for (const variant of variants) {
    const key = variantKey(variant)
    const kept = (await cache?.read(key)) ?? new Float32Array(0)
    const logits = new Float32Array(images * classes)
    logits.set(kept.subarray(0, logits.length))
    sheets.push({ variant, key, logits, known: Math.min(kept.length / classes, images) })
  }
  return sheets
}

/** Sheets that are computed together: known as far, with much in common. */
export const chunks = (sheets: readonly Sheet[], images: number): readonly (readonly Sheet[])[] => {
  const starts = [...new Set(sheets.map(({ known }) => known))].filter(known => known < images)
  return starts.flatMap(start => {
    const alike = sheets.filter(({ known }) => known === start)
    const count = Math.ceil(alike.length / outputsAtMost)
    const size = Math.ceil(alike.length / count)
    return Array.from({ length: count }, (_, k) => alike.slice(k * size, (k + 1) * size))
  })
}

const from = (data: DataSet, first: number, end: number): DataSet => ({
  ...data,
  count: end - first,
  read: (a, b) => data.read(first + a, first + b),
})

/** A batch that went through a graph. */
export interface FilledBatch {
  readonly images: Float32Array
  readonly n: number
  /** Of the graph alone, without reading images. */
  readonly milliseconds: number
}

/** What sheets are filled from, and how. */
export interface Filling {
  readonly network: Network
  readonly data: DataSet
  readonly preprocess: Preprocess
  readonly images: number
  readonly batch: number
  readonly executor: GraphExecutor
  readonly cache: VariantCache | undefined
  readonly signal: AbortSignal | undefined
  readonly onBatch: (batch: FilledBatch) => void | Promise<void>
}

/** Computes what is missing of some sheets; whole batches are kept, whatever ends it. */
export const fill = async (program: VariantProgram, sheets: readonly Sheet[], run: Filling): Promise<void> => {
  const { network, data, preprocess, images, batch, executor, cache, signal } = run
  const { name } = imageType(network)
  const classes = classCount(network)
  const [{ known }] = sheets
  const execution = await executor.open(program)
  try {
    const rest = { batch, preprocess, signal }
    for await (const read of batches(from(data, known, images), rest)) {
      const begun = performance.now()
      const outputs = await runFilled(execution, name, read.images, read.n, batch)
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
    for (const { key, logits, known: rows } of sheets)
      if (rows > known) await cache?.write(key, logits.subarray(0, rows * classes))
  }
}
