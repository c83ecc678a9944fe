import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { print, renderProblems, type Tensor } from '../../../ir/index.ts'
import { cannotWrite, orThrow } from '../../base/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { packageVersion } from '../../base/package.ts'
import { replaceFile } from '../../base/replace-file.ts'
import { warn } from '../../base/warn.ts'
import type { DataSet, Preprocess } from '../../data/index.ts'
import type { Execution } from '../../execute/execution.ts'
import type { Precision } from '../../lower/precision.ts'
import type { Network } from '../../network/network.ts'
import { encodeSealedSafetensors, readSafetensorsFile, type Safetensors } from '../../network/weights/safetensors.ts'

/** The first images of a data set, as far as an evaluation goes. */
export interface DataScan {
  readonly labels: readonly number[] | undefined
  /** A hash of their contents and labels. */
  readonly identity: string
}

const scannedAtOnce = 500

/** Reads the first `count` images without decoding them. @throws EspalierError */
export const scanData = async (data: DataSet, count: number): Promise<DataScan> => {
  const hash = createHash('sha256')
  const labels: number[] = []
  for (let first = 0; first < count; first += scannedAtOnce) {
    for (const { image, label } of orThrow(await data.read(first, Math.min(first + scannedAtOnce, count)))) {
      const pixels = image instanceof Uint8Array ? { data: image, height: 0, width: image.length } : image
      hash.update(`${pixels.height} ${pixels.width} ${label ?? ''}\n`).update(pixels.data)
      if (label !== undefined) labels.push(label)
    }
  }
  return { labels: data.labelled ? labels : undefined, identity: hash.digest('hex') }
}

/** All that logits of a network on data depend on, but the variant. */
export interface Evaluated {
  readonly network: Network
  readonly scan: DataScan
  readonly preprocess: Preprocess
  readonly runner: Pick<Execution, 'executor' | 'backend'> & { readonly precision: Precision }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** The folder of an evaluation in a cache: another network, weights, data or executor is another folder. */
const folderOf = (cache: string, { network, scan, preprocess, runner }: Evaluated): string => {
  const { executor, backend, precision } = runner
  const facts = [packageVersion, scan.identity, JSON.stringify(preprocess), executor, backend, precision]
  const hash = createHash('sha256').update(`${facts.join('\n')}\n${print(network.graph)}\n`)
  const parameters = [...network.parameters].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, { shape, data }] of parameters) hash.update(`${name} ${shape}\n`).update(bytesOf(data))
  return join(cache, hash.digest('hex').slice(0, 32))
}

/** Kept logits, a file a variant; each has the first rows, as many as were computed. */
export interface VariantCache {
  /** What there is of a variant, `[rows, classes]`; empty where there is nothing, or nothing that can be read. */
  readonly read: (key: string) => Promise<Float32Array>
  /** Keeps logits for the next time; where that cannot be, it is said once. */
  readonly write: (key: string, logits: Float32Array) => Promise<void>
}

const fileOf = (key: string): string =>
  `${/^[-\w@(),.+]{1,120}$/.test(key) ? key : createHash('sha256').update(key).digest('hex')}.safetensors`

const keptRows = (file: Safetensors, key: string, classes: number): Float32Array | undefined => {
  const logits = file.metadata.get('variant') === key ? file.tensors.get('logits') : undefined
  return logits?.shape[1] === classes ? Float32Array.from(logits.data) : undefined
}

/** Its folder is made at once, so that one which cannot be written to is told of before anything is computed. */
export const openVariantCache = async (cache: string, classes: number, evaluated: Evaluated): Promise<VariantCache> => {
  const folder = folderOf(cache, evaluated)
  let writable = true
  const attempt = async (path: string, task: () => Promise<unknown>): Promise<void> => {
    try {
      await task()
    } catch (error) {
      writable = false
      warn(`Logits are not kept: ${cannotWrite(path, error).message}`)
    }
  }
  await attempt(folder, () => makeFolder(folder))
  return {
    read: async key => {
      const path = join(folder, fileOf(key))
      const file = await readSafetensorsFile(path)()
      if (E.isRight(file)) return keptRows(file.right, key, classes) ?? new Float32Array(0)
      const damaged = file.left.filter(({ tag }) => tag !== 'missing-file')
      if (damaged.length > 0) warn(`Computed anew, for what was kept is damaged: ${renderProblems(damaged)}`)
      return new Float32Array(0)
    },
    write: async (key, logits) => {
      if (!writable) return
      const tensor: Tensor = { shape: [logits.length / classes, classes], data: logits }
      const bytes = encodeSealedSafetensors(new Map([['logits', tensor]]), new Map([['variant', key]]))
      const path = join(folder, fileOf(key))
      await attempt(path, () => replaceFile(path, bytes))
    },
  }
}
